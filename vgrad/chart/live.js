// Makes figures live in a page: controls, tooltips, zoom, themes, and where
// ECharts comes from. A figure is <figure class="vgrad-figure"> that holds its
// spec as JSON; mount() finds them all. Including this twice only looks for
// new figures.
(function (root) {
  "use strict";
  const figures = root.vgradFigures;
  if (figures.mount) { figures.mount(); return; }
  const { themes, present, number, percent, factor, bands, heightFor } = figures;

  function interact(o, spec, state, t) {
    o.tooltip = Object.assign(o.tooltip || {}, { show: true, confine: true, transitionDuration: 0, backgroundColor: t.background, borderColor: t.line,
      textStyle: { color: t.ink, fontSize: 12 }, formatter: (ps) => tips[spec.kind](ps, spec, state, o), axisPointer: { type: "line", lineStyle: { color: t.line } } });
    if (!spec.zoom) return;
    const y = spec.kind === "scalar" ? 0 : "none";
    o.dataZoom = [{ type: "inside", xAxisIndex: 0, filterMode: "none", zoomOnMouseWheel: "ctrl", moveOnMouseMove: false, moveOnMouseWheel: false }];
    o.toolbox = { itemSize: 0, showTitle: false, feature: { dataZoom: { xAxisIndex: 0, yAxisIndex: y, filterMode: "none", brushStyle: { color: t.line, opacity: 0.25 } } } };
  }
  function element(tag, attributes, ...children) {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(attributes || {})) { if (k in e && typeof v !== "string") e[k] = v; else e.setAttribute(k, v); }
    e.append(...children.filter((c) => c !== null));
    return e;
  }
  // Tooltips are built as elements: a label is never read as HTML.
  function tip(head, rows) {
    const table = element("table", { class: "vgrad-tip" });
    for (const [colour, name, value] of rows) {
      const dot = element("span", { class: "vgrad-dot" });
      dot.style.background = colour;
      table.append(element("tr", {}, element("td", {}, dot, name), element("td", {}, value)));
    }
    return element("div", {}, element("b", {}, head), table);
  }
  const tips = {
    scalar(ps, spec, state, o) {
      const rows = [];
      let head = null;
      for (const p of ps) {
        const about = spec.lines.find((l) => l.series === p.seriesIndex);
        if (!about) continue;
        if (head === null) head = p.value[0];
        let text = number(p.value[1], 6);
        const gap = (about.gaps || []).find((g) => g[0] === p.value[0]);
        if (p.value[1] === null) text = gap ? (gap.length > 2 ? number(gap[2], 6) + " (not on a log axis)" : gap[1]) : "not on a log axis";
        if (state.weight > 0) {
          const near = nearest(spec.option.series[about.series].data, p.value[0]);
          text += " smoothed" + (near ? ", " + number(near[1], 6) + (near[0] === p.value[0] ? "" : " at " + near[0]) : "");
        } else if (about.band >= 0) {
          const edges = bands(about).flatMap((band) => spec.option.series[band].data).filter((q) => q[0] === p.value[0]);
          if (edges.length === 2) text += " (" + number(edges[1][1], 4) + " – " + number(edges[0][1], 4) + ")";
        }
        if (p.value[0] !== head) text += " at step " + p.value[0];
        rows.push([p.color, p.seriesName, text]);
      }
      return rows.length ? tip((spec.x || "step") + " " + head, rows) : "";
    },
    flow(ps, spec, state) {
      const rows = ps.filter((p) => spec.option.series[p.seriesIndex] && !spec.option.series[p.seriesIndex].areaStyle).map((p) => {
        const point = spec.frames[state.frame].data[p.seriesIndex].find((q) => q[0] === p.value[0]);
        const v = point ? point[1] : null;
        return [p.color, p.seriesName, v === null ? "NaN, Inf or not recorded" : number(v, 6)];
      });
      return rows.length ? tip("layer " + ps[0].value[0], rows) : "";
    },
    ridge(ps, spec, state) {
      const p = ps.find((q) => q.seriesIndex === state.curve) || ps[ps.length - 1];
      return tip("step " + spec.curves[p.seriesIndex], [[p.color, "around " + number(p.value[0], 4), percent(100 * p.value[2]) + " of values"]]);
    },
    cells(p, spec, state, o) {
      const v = p.value;
      return tip("step " + o.xAxis[0].data[v[0]], [[p.color, (spec.scale === "share" ? "around " : "layer ") + o.yAxis[0].data[v[1]],
        spec.scale === "share" ? percent(100 * v[3]) + " of values" : number(v[3], 6)]]);
    },
  };
  tips.map = (p, spec, state, o) => {
    const v = p.value, column = o.xAxis[0], row = o.yAxis[0];
    const rows = [[p.color, "median", factor(v[3], 3)]];
    if (v[6] > 1) rows.push(["transparent", "10–90 % of " + v[6] + " runs", factor(v[4], 3) + " – " + factor(v[5], 3)]);
    if (v[7] > 0) rows.push(["transparent", "NaN", v[7] + " more"]);
    return tip(column.name + " " + column.data[v[0]] + ", " + row.name + " " + row.data[v[1]], rows);
  };
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

  class Live {
    constructor(el, spec) {
      this.el = el;
      this.spec = spec;
      this.state = { live: true, log: spec.log, weight: spec.weight || 0, frame: 0, theme: themeOf(el) };
      this.box = element("div", { class: "vgrad-canvas", role: "img", "aria-label": spec.title });
      this.area = element("div", { class: "vgrad-live" }, this.controls(), this.box);
      const still = el.querySelector(".vgrad-static");
      still.before(this.area);
      el.dataset.live = "";
      this.open();
      this.observer = new ResizeObserver(() => { if (this.box.clientWidth && this.box.clientWidth !== this.state.width) this.draw(); });
      this.observer.observe(this.box);
    }
    open() {
      if (this.chart) this.chart.dispose();
      this.size();
      this.chart = root.echarts.init(this.box, null, { renderer: "canvas" });
      this.chart.on("legendselectchanged", (e) => { this.state.selected = e.selected; });
      this.chart.getZr().on("dblclick", () => this.reset());
      this.chart.on("datazoom", () => {
        const zoomed = this.chart.getOption().dataZoom.some((z) => z.start > 0 || z.end < 100);
        if (zoomed === !!this.state.zoomed) return;
        this.state.zoomed = zoomed;
        if (this.state.log) this.chart.setOption({ yAxis: present(this.spec, this.state).yAxis });
      });
      if (this.spec.kind === "ridge") this.chart.getZr().on("mousemove", (e) => this.follow(e));
      this.draw();
    }
    size() {
      this.state.width = this.box.clientWidth || 640;
      this.state.height = heightFor(this.spec, this.state);
      this.box.style.height = this.state.height + "px";
    }
    draw() {
      this.size();
      const zoom = (this.chart.getOption() || {}).dataZoom;
      this.chart.resize();
      this.state.zoomed = false;
      this.chart.setOption(present(this.spec, this.state), true);
      if (this.spec.zoom) this.chart.dispatchAction({ type: "takeGlobalCursor", key: "dataZoomSelect", dataZoomSelectActive: true });
      if (zoom && zoom[0] && (zoom[0].start > 0 || zoom[0].end < 100)) this.chart.dispatchAction({ type: "dataZoom", dataZoomIndex: 0, start: zoom[0].start, end: zoom[0].end });
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
    reset() {
      const n = ((this.chart.getOption() || {}).dataZoom || []).length;
      for (let i = 0; i < n; i++) this.chart.dispatchAction({ type: "dataZoom", dataZoomIndex: i, start: 0, end: 100 });
    }
    // The curve under the pointer is the one whose outline is nearest.
    follow(e) {
      const at = this.chart.convertFromPixel({ gridIndex: 0 }, [e.offsetX, e.offsetY]);
      let best = Infinity;
      this.spec.option.series.forEach((s, i) => {
        const p = nearest(s.data, at[0]);
        if (p && Math.abs(p[1] - at[1]) <= best) { best = Math.abs(p[1] - at[1]); this.state.curve = i; }
      });
    }
    controls() {
      const bar = element("div", { class: "vgrad-controls" }), s = this.spec, st = this.state;
      if (s.frames) bar.append(this.slider());
      if (s.log !== undefined) {
        const log = element("input", { type: "checkbox", checked: st.log, "data-control": "log" });
        log.onchange = () => { st.log = log.checked; this.draw(); };
        bar.append(element("label", {}, log, " log axis"));
      }
      if (s.smooth) {
        const range = element("input", { type: "range", min: "0", max: "0.999", step: "0.001", value: String(st.weight), "data-control": "smooth" });
        const out = element("output", {}, String(st.weight));
        range.oninput = () => { st.weight = +range.value; out.textContent = range.value; this.draw(); };
        bar.append(element("label", {}, "smoothing ", range, " ", out));
      }
      if (s.zoom) {
        const reset = element("button", { type: "button", title: "Drag a box to zoom, Ctrl + wheel to zoom along the steps, double click to go back", "data-control": "reset" }, "Reset zoom");
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
    // The picture as it stands, twice as fine, on the theme's background and with its title.
    save() {
      const st = this.state, spec = Object.assign({}, this.spec, { note: this.spec.frames ? this.spec.frames[st.frame].name : this.spec.note });
      const hidden = document.createElement("div");
      const chart = root.echarts.init(hidden, null, { width: st.width, height: st.height + 50 });
      const state = Object.assign({}, st, { titled: true, opaque: true, live: false, height: st.height + 50 });
      chart.setOption(present(spec, state));
      const url = chart.getDataURL({ type: "png", pixelRatio: 2 });
      chart.dispose();
      const link = element("a", { href: url, download: spec.title.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 80) + ".png" });
      link.click();
      this.saved = url;
    }
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
  const all = [];
  const unpack = (text) => new Response(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  function mount() {
    for (const el of document.querySelectorAll("figure.vgrad-figure:not([data-live])")) {
      const holder = el.querySelector("script.vgrad-spec");
      if (!holder || el.dataset.loading !== undefined) continue;
      el.dataset.loading = "";
      const text = holder.type === "application/gzip" ? unpack(holder.textContent) : holder.textContent;
      Promise.all([text, load(el.dataset.kernelspec)]).then(([spec]) => {
        if (el.dataset.live === undefined) all.push(new Live(el, el.vgradNext || JSON.parse(spec)));
      }).catch(() => { /* no library here: the static picture stays */ }).finally(() => delete el.dataset.loading);
    }
  }
  // A training that goes on sends new specs for the figures of a named row.
  function update(name, specs) {
    for (const row of document.querySelectorAll(".vgrad-row")) {
      if (row.dataset.vgradName !== name) continue;
      row.querySelectorAll("figure.vgrad-figure").forEach((el, i) => {
        const shown = all.find((f) => f.el === el);
        if (shown) shown.take(specs[i]); else el.vgradNext = specs[i];
      });
    }
  }
  function retheme() {
    for (const f of all) {
      const theme = themeOf(f.el);
      if (f.el.isConnected && theme !== f.state.theme) { f.state.theme = theme; f.draw(); }
    }
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", retheme);
  const watch = new MutationObserver(retheme);
  for (const el of [document.documentElement, document.body]) {
    if (el) watch.observe(el, { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light"] });
  }
  addEventListener("load", mount);
  Object.assign(figures, { interact, mount, update, all });
  mount();
})(window);
