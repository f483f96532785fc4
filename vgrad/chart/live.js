// Makes figures live in a page: controls, tooltips, zoom, themes, and where
// ECharts comes from. A figure is <figure class="vgrad-figure"> that holds its
// spec as JSON; mount() finds them all. Including this twice only looks for
// new figures.
(function (root) {
  "use strict";
  const version = "/*VERSION*/", figures = root.vgradRuntimes[version];
  if (figures.mount) { figures.mount(); return; }
  const { themes, formats, present, number, starting, heightFor } = figures;

  // What an option has besides in a page.
  function interact(o, spec, state, t) {
    o.tooltip = Object.assign(o.tooltip || {}, { confine: true, transitionDuration: 0, backgroundColor: t.back, borderColor: t.line,
      textStyle: { color: t.ink, fontSize: 12 }, formatter: (ps) => say(Array.isArray(ps) ? ps : [ps], spec, state, o), axisPointer: { type: "line", lineStyle: { color: t.line } } });
    Object.assign(o, JSON.parse(JSON.stringify(spec.zoom || {})));
  }
  function element(tag, attributes, ...children) {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(attributes || {})) { if (k in e && typeof v !== "string") e[k] = v; else e.setAttribute(k, v); }
    e.append(...children.filter((c) => c !== null));
    return e;
  }

  // ---- tooltips: built as elements, so that a label is never read as HTML --
  function table(head, rows) {
    const body = element("table", { class: "vgrad-tip" });
    for (const [colour, name, value] of rows) {
      const dot = element("span", { class: "vgrad-dot" });
      dot.style.background = colour;
      body.append(element("tr", {}, element("td", {}, dot, name), element("td", {}, value)));
    }
    return element("div", {}, element("b", {}, head), body);
  }
  function say(ps, spec, state, o) {
    if (spec.tip.nearest) ps = [ps.find((p) => p.seriesIndex === state.nearest) || ps[ps.length - 1]];
    if (spec.tip.rows) {
      const rows = spec.tip.rows.map(([name, value]) => [fill(name, ps[0], o), fill(value, ps[0], o)]).filter(([, value]) => value !== "");
      return table(fill(spec.tip.head, ps[0], o), rows.map(([name, value], i) => [i ? "transparent" : ps[0].color, name, value]));
    }
    const rows = [];
    let head = null;
    for (const p of ps) {
      const about = (spec.lines || []).find((l) => l.series === p.seriesIndex);
      if (spec.lines && !about) continue;
      head = head || p;
      if (!about) { rows.push([p.color, p.seriesName, written(Array.isArray(p.value) ? p.value[p.value.length - 1] : p.value)]); continue; }
      rows.push([p.color, p.seriesName, reading(p, about, spec, state) + (p.value[0] === head.value[0] ? "" : " at " + p.value[0])]);
    }
    return rows.length ? table(fill(spec.tip.head, head, o), rows) : "";
  }
  // A text of a tip, its braces filled from a point.
  function fill(text, p, o) {
    return text.replace(/\{(\w+)(?:\|(\w+))?\}/g, (_, key, format) => {
      if (key === "series") return p.seriesName;
      if (key === "x") return Array.isArray(p.value) ? nameOn(o.xAxis[p.axisIndex || 0], p.value[0]) : p.name;
      if (key === "y") return nameOn(o.yAxis[0], p.value[1]);
      const v = p.value[+key];
      return typeof v === "number" && format ? formats[format](v) : written(v);
    });
  }
  const nameOn = (axis, v) => axis.data ? axis.data[v] : written(v);
  const written = (v) => v === null || v === undefined ? "" : typeof v !== "number" || Number.isInteger(v) ? String(v) : number(v, 6);
  // What a line says at a point: its value or why it has none, and its band.
  function reading(p, about, spec, state) {
    const data = spec.frames ? spec.frames[state.frame].data : spec.option.series.map((s) => s.data);
    const raw = data[about.series].find((q) => q[0] === p.value[0]);
    const value = raw && raw[1] === null ? raw[2] || "not recorded" : raw ? number(raw[1], 6) : "";
    if (state.weight > 0) return (p.value[1] === null ? "" : number(p.value[1], 6) + " smoothed, ") + nearby(data[about.series], p.value[0]);
    const edges = (about.bands || []).flatMap((i) => data[i]).filter((q) => q[0] === p.value[0]);
    if (edges.length === 2) return value + " (" + number(edges[1][1], 4) + " – " + number(edges[0][1], 4) + ")";
    return value + (p.value[1] === null && raw && raw[1] !== null ? " (not on a log axis)" : "");
  }
  // The recorded value that is nearest to x.
  function nearby(data, x) {
    const near = nearest(data, x);
    return near ? number(near[1], 6) + (near[0] === x ? "" : " at " + near[0]) : "";
  }
  function nearest(data, x) {
    return data.reduce((best, p) => p[1] !== null && (!best || Math.abs(p[0] - x) < Math.abs(best[0] - x)) ? p : best, null);
  }

  function themeOf(el) {
    const jupyter = document.body.dataset.jpThemeLight;
    if (jupyter) return jupyter === "false" ? "dark" : "light";
    const near = el.closest("[data-theme]");
    if (near && themes[near.dataset.theme]) return near.dataset.theme;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  // ---- a live figure -------------------------------------------------------
  // Only its element holds it (lives). A figure that leaves the document closes its
  // chart, which ECharts would keep for ever. One that comes back, as that of a
  // cell that is scrolled out of sight and back, opens a new one.
  const lives = new WeakMap(), open = new Set();
  class Live {
    constructor(el, spec) {
      this.el = el;
      this.spec = spec;
      this.state = starting(spec, { live: true, theme: themeOf(el) });
      this.box = element("div", { class: "vgrad-canvas", role: "img", "aria-label": spec.title });
      this.area = element("div", { class: "vgrad-live" }, this.controls(), this.box);
      el.querySelector(".vgrad-static").before(this.area);
      el.dataset.live = "";
      lives.set(el, this);
      try { this.open(); } catch (e) { this.close(); this.area.remove(); delete el.dataset.live; throw e; } // the static picture stays
      this.observer = new ResizeObserver(() => this.resized());
      this.observer.observe(this.box);
    }
    resized() {
      if (!this.el.isConnected) this.close();
      else if (!this.chart) this.open();
      else if (this.box.clientWidth && this.box.clientWidth !== this.state.width) this.draw();
    }
    open() {
      this.size();
      this.chart = root.echarts.init(this.box, null, { renderer: "canvas" });
      open.add(this);
      this.chart.on("legendselectchanged", (e) => { this.state.selected = e.selected; });
      this.chart.getZr().on("dblclick", () => this.reset());
      this.chart.on("datazoom", () => {
        const zoomed = this.chart.getOption().dataZoom.some((z) => z.start > 0 || z.end < 100);
        if (zoomed === !!this.state.zoomed) return;
        this.state.zoomed = zoomed;
        if (this.state.log) this.chart.setOption({ yAxis: present(this.spec, this.state).yAxis });
      });
      if (this.spec.tip.nearest) this.chart.getZr().on("mousemove", (e) => this.follow(e));
      this.draw();
    }
    close() {
      if (!this.chart) return;
      this.chart.dispose();
      this.chart = null;
      open.delete(this);
    }
    size() {
      this.state.width = this.box.clientWidth || 640;
      this.state.height = heightFor(this.spec, this.state);
      this.box.style.height = this.state.height + "px";
    }
    draw() {
      if (!this.chart) return;
      this.size();
      // getOption copies all data, and resize draws: both only where they are needed
      const zoom = this.state.zoomed ? this.chart.getOption().dataZoom : null;
      if (this.chart.getWidth() !== this.box.clientWidth || this.chart.getHeight() !== this.state.height) this.chart.resize();
      this.state.zoomed = false;
      this.chart.setOption(present(this.spec, this.state), { notMerge: true, lazyUpdate: !!this.spec.zoom }); // the action below draws it
      if (this.spec.zoom) this.chart.dispatchAction({ type: "takeGlobalCursor", key: "dataZoomSelect", dataZoomSelectActive: true });
      if (zoom && zoom[0] && (zoom[0].start > 0 || zoom[0].end < 100)) this.chart.dispatchAction({ type: "dataZoom", dataZoomIndex: 0, start: zoom[0].start, end: zoom[0].end });
      if (!this.box.clientWidth && this.observer) this.again();
    }
    // A figure that was drawn while it was hidden, as a change of JupyterLab's theme does
    // to cells out of sight, is 100 pixels wide. To be observed anew reports its width
    // even where that is what it was before.
    again() {
      this.state.width = 0;
      this.observer.unobserve(this.box);
      this.observer.observe(this.box);
    }
    // A newer spec, of a training that goes on; a slider moves to its last step.
    take(spec) {
      this.spec = spec;
      if (spec.frames) {
        this.state.frame = spec.frames.length - 1;
        this.area.firstChild.replaceWith(this.controls());
      }
      this.draw();
    }
    // The spec of another state (states.js); what the reader has set stays.
    turn(spec) {
      const was = this.spec, frame = was.frames && was.frames[this.state.frame].name;
      this.spec = spec;
      this.box.setAttribute("aria-label", spec.title);
      if (was.smooth !== undefined && spec.smooth !== undefined && this.state.weight === was.smooth) this.state.weight = spec.smooth;
      if (spec.frames) {
        const same = spec.frames.findIndex((f) => f.name === frame);
        this.state.frame = same >= 0 ? same : Math.min(this.state.frame, spec.frames.length - 1);
      }
      const at = document.activeElement && this.area.firstChild.contains(document.activeElement);
      if (!at && JSON.stringify(namesOf(was)) !== JSON.stringify(namesOf(spec))) this.area.firstChild.replaceWith(this.controls());
      this.draw();
    }
    reset() {
      const n = ((this.chart.getOption() || {}).dataZoom || []).length;
      for (let i = 0; i < n; i++) this.chart.dispatchAction({ type: "dataZoom", dataZoomIndex: i, start: 0, end: 100 });
    }
    // The series under the pointer is the one whose line is nearest.
    follow(e) {
      const at = this.chart.convertFromPixel({ gridIndex: 0 }, [e.offsetX, e.offsetY]);
      let best = Infinity;
      this.spec.option.series.forEach((s, i) => {
        const p = s.type === "line" && nearest(s.data, at[0]);
        if (p && Math.abs(p[1] - at[1]) <= best) { best = Math.abs(p[1] - at[1]); this.state.nearest = i; }
      });
    }
    controls() {
      const bar = element("div", { class: "vgrad-controls" }), s = this.spec, st = this.state;
      if (s.frames) bar.append(this.slider());
      if (s.log) {
        const log = element("input", { type: "checkbox", checked: st.log, "data-control": "log" });
        log.onchange = () => { st.log = log.checked; this.draw(); };
        bar.append(element("label", {}, log, " log axis"));
      }
      if (s.smooth !== undefined) {
        const range = element("input", { type: "range", min: "0", max: "0.999", step: "0.001", value: String(st.weight), "data-control": "smooth" });
        const out = element("output", {}, String(st.weight));
        range.oninput = () => { st.weight = +range.value; out.textContent = range.value; this.draw(); };
        bar.append(element("label", {}, "smoothing ", range, " ", out));
      }
      if (s.zoom) {
        const reset = element("button", { type: "button", title: "Drag a box to zoom, Ctrl + wheel to zoom along the horizontal axis, double click to go back", "data-control": "reset" }, "Reset zoom");
        reset.onclick = () => this.reset();
        bar.append(reset);
      }
      const save = element("button", { type: "button", "data-control": "save" }, "Save picture");
      save.onclick = () => this.save();
      bar.append(save);
      return bar;
    }
    slider() {
      const frames = this.spec.frames, at = this.state.frame, out = element("output", {}, frames[at].name);
      const range = element("input", { type: "range", min: "0", max: String(frames.length - 1), step: "1", value: String(at), "data-control": "frame", "aria-valuetext": frames[at].name });
      const show = (i) => {
        this.state.frame = i;
        range.value = i;
        out.textContent = frames[i].name;
        range.setAttribute("aria-valuetext", frames[i].name);
        this.draw();
      };
      range.oninput = () => show(+range.value);
      const play = element("button", { type: "button", "data-control": "play" }, "Play");
      let timer = 0;
      const stop = () => { clearInterval(timer); timer = 0; play.textContent = "Play"; };
      play.onclick = () => {
        if (timer) { stop(); return; }
        play.textContent = "Pause";
        if (this.state.frame === frames.length - 1) show(0);
        timer = setInterval(() => {
          if (!this.el.isConnected || this.state.frame >= frames.length - 1) { stop(); return; }
          show(this.state.frame + 1);
        }, 450);
      };
      return element("label", { class: "vgrad-frames" }, play, range, out);
    }
    // The picture as it stands, with every name and its title, twice as fine, on the theme's background.
    save() {
      const st = this.state, spec = Object.assign({}, this.spec, { note: this.spec.frames ? this.spec.frames[st.frame].name : this.spec.note });
      const state = Object.assign({}, st, { titled: true, opaque: true, live: false, height: 0 });
      state.height = heightFor(spec, state);
      const chart = root.echarts.init(document.createElement("div"), null, { width: st.width, height: state.height });
      chart.setOption(present(spec, state));
      const url = chart.getDataURL({ type: "png", pixelRatio: 2 });
      chart.dispose();
      const link = element("a", { href: url, download: spec.title.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 80) + ".png" });
      link.click();
      this.saved = url;
    }
  }
  const namesOf = (spec) => (spec.frames || []).map((f) => f.name);
  const all = () => [...document.querySelectorAll(`figure.vgrad-figure[data-version="${version}"][data-live]`)].map((el) => lives.get(el)).filter((f) => f);
  // Closes what left the document unseen, as from a tab that was hidden.
  function sweep() {
    for (const f of [...open]) if (!f.el.isConnected) f.close();
  }

  // ---- where ECharts comes from: the page, else the kernelspec, else nowhere
  let library = null;
  function load(kernelspec) {
    if (root.echarts) return Promise.resolve();
    if (library) return library;
    const config = document.getElementById("jupyter-config-data");
    if (!kernelspec || !config) return Promise.reject(new Error("no ECharts here"));
    const base = JSON.parse(config.textContent).baseUrl || "/";
    library = new Promise((resolve, reject) => {
      const tag = element("script", { src: base.replace(/\/?$/, "/") + "kernelspecs/" + encodeURIComponent(kernelspec) + "/echarts.min.js" });
      tag.onload = resolve;
      tag.onerror = () => { library = null; reject(new Error("no ECharts at " + tag.src)); };
      document.head.append(tag);
    });
    return library;
  }
  const unpack = (text) => new Response(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  function mount() {
    sweep();
    if (figures.mountStates) figures.mountStates();
    for (const el of document.querySelectorAll(`figure.vgrad-figure[data-version="${version}"]:not([data-live])`)) {
      const holder = el.querySelector("script.vgrad-says");
      if (!holder || el.dataset.loading !== undefined) continue;
      el.dataset.loading = "";
      const text = holder.type === "application/gzip" ? unpack(holder.textContent) : holder.textContent;
      Promise.all([text, load(el.dataset.kernelspec)]).then(([spec]) => {
        if (el.dataset.live === undefined && el.isConnected) new Live(el, el.vgradNext || JSON.parse(spec));
      }).catch(() => { /* no library here: the static picture stays */ }).finally(() => delete el.dataset.loading);
    }
  }
  // A training that goes on sends new specs for the figures of a named row.
  function update(name, specs) {
    sweep();
    for (const row of document.querySelectorAll(".vgrad-row")) {
      if (row.dataset.vgradName !== name) continue;
      row.querySelectorAll(`figure.vgrad-figure[data-version="${version}"]`).forEach((el, i) => {
        const shown = lives.get(el);
        if (shown) shown.take(specs[i]); else el.vgradNext = specs[i];
      });
    }
  }
  function retheme() {
    for (const f of all()) {
      const theme = themeOf(f.el);
      if (theme !== f.state.theme) { f.state.theme = theme; f.draw(); }
    }
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", retheme);
  const watch = new MutationObserver(retheme);
  for (const el of [document.documentElement, document.body]) {
    if (el) watch.observe(el, { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light"] });
  }
  addEventListener("load", mount);
  Object.assign(figures, { interact, mount, update, all, open, element, load, Live });
  mount();
})(window);
