// Draws figures of package chart: the same code lays out a live figure in a
// browser and a static one in Go (see renderer.go). Including it twice is
// harmless. A figure is <figure class="vgrad-figure"> that holds its spec as
// JSON; mount() makes all of them live once ECharts is there.
(function (root) {
  "use strict";
  if (root.vgradFigures) { if (root.vgradFigures.mount) root.vgradFigures.mount(); return; }
  const themes = /*THEMES*/{};

  // ---- numbers -----------------------------------------------------------
  const superscript = (n) => String(n).replace(/[-0-9]/g, (c) => c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[+c]);
  function number(v, precision) {
    if (v === null || v === undefined) return "–";
    const a = Math.abs(v);
    if (a !== 0 && (a < 1e-3 || a >= 1e6)) return v.toExponential(precision - 1).replace(/\.?0+e/, "e").replace("e+", "e");
    return String(+v.toPrecision(precision));
  }
  function logTick(v) {
    const n = Math.log10(v);
    if (Math.abs(n - Math.round(n)) > 1e-9) return number(v, 2);
    return Math.round(n) === 0 ? "1" : "10" + superscript(Math.round(n));
  }
  const percent = (p) => number(p, 3) + " %";
  const scaled = { share: (z) => percent(Math.expm1(z)), log10: (z) => number(Math.pow(10, z), 2), "": (z) => number(z, 3) };

  // ---- data --------------------------------------------------------------
  // Debiased exponential moving average over stretches of n equal values;
  // with n = 1 it is TensorBoard's. Missing values are passed over.
  function smooth(rows, weight, column) {
    let last = 0, seen = 0;
    return rows.map((r) => {
      const [x, n, v] = [r[0], r[1], r[column]];
      if (v === null || v === undefined) return [x, null];
      const keep = Math.pow(weight, n);
      last = last * keep + (1 - keep) * v;
      seen += n;
      return [x, +(last / (1 - Math.pow(weight, seen))).toPrecision(6)];
    });
  }
  const drawn = (v, log) => v !== null && v !== undefined && !(log && v <= 0);
  const onAxis = (data, log) => data.map((p) => drawn(p[1], log) ? p : [p[0], null]);

  // ---- layout ------------------------------------------------------------
  const textWidth = (s, px) => Array.from(s).reduce((w, c) => w + (c > "\u2e7f" ? 1 : 0.56) * px, 0);
  function wrapLines(text, px, width) { return Math.max(1, Math.ceil(textWidth(text, px) * 1.06 / width)); }
  function legendRows(names, width) {
    let rows = 1, x = 0;
    for (const n of names) {
      const w = textWidth(n, 12) + 48;
      if (x > 0 && x + w > width) { rows++; x = 0; }
      x += w;
    }
    return rows;
  }
  const stacked = (spec, state) => spec.kind === "flow" && spec.option.grid.length > 1 && state.width < 560;
  function heightFor(spec, state) { return stacked(spec, state) ? spec.height + 260 : spec.height; }

  // ---- the option for a state --------------------------------------------
  // state: width, height, theme, titled, live, log, weight, frame, selected
  function present(spec, state) {
    const o = JSON.parse(JSON.stringify(spec.option)), t = themes[state.theme];
    o.backgroundColor = state.opaque ? t.background : "transparent";
    o.textStyle = { fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", color: t.ink };
    const top = header(o, spec, state, t);
    layout(o, spec, state, top);
    for (const axis of o.xAxis.concat(o.yAxis)) paintAxis(axis, t);
    kinds[spec.kind](o, spec, state, t);
    if (state.live) interact(o, spec, state, t);
    return o;
  }

  // Title (where the picture stands alone) and legend; returns where the plot starts.
  function header(o, spec, state, t) {
    let top = 4;
    if (state.titled) {
      const width = state.width - 24, lines = wrapLines(spec.title, 15, width);
      o.title = { text: spec.title, subtext: spec.note || "", left: 8, top: 6, itemGap: 4,
        textStyle: { fontSize: 15, fontWeight: 600, color: t.ink, width, overflow: "break", lineHeight: 20 },
        subtextStyle: { fontSize: 12, color: t.soft } };
      top = 12 + 20 * lines + (spec.note ? 18 : 0);
    }
    const names = [...new Set(o.series.map((s) => s.name))];
    if (o.legend && o.legend.show !== false) {
      const rows = legendRows(names, state.width - 24), many = rows > (state.live ? 3 : 8);
      Object.assign(o.legend, { top, data: names, type: many ? "scroll" : "plain", show: names.length > 1, itemWidth: 26, itemGap: 14,
        left: "center", textStyle: { color: t.ink, fontSize: 12, width: state.width - 90, overflow: "truncate" }, inactiveColor: t.line,
        pageIconColor: t.ink, pageIconInactiveColor: t.line, pageTextStyle: { color: t.soft }, selected: state.selected });
      if (names.length > 1) top += (many ? 1 : rows) * 24 + 4;
    }
    return top + 28; // the name of the vertical axis
  }
  function layout(o, spec, state, top) {
    const foot = 50, left = spec.kind === "ridge" ? 58 : 62;
    if (o.grid.length === 1) {
      o.grid = [{ left, right: spec.kind === "cells" ? 96 : 22, top, bottom: foot }];
    } else if (stacked(spec, state)) {
      const each = (state.height - top - 2 * foot - 34) / 2;
      o.grid = [{ left, right: 22, top, height: each }, { left, right: 22, top: top + each + foot + 34, height: each }];
    } else {
      const each = (state.width - 2 * left - 30) / 2;
      o.grid = [{ left, width: each, top, bottom: foot }, { left: 2 * left + each + 12, width: each, top, bottom: foot }];
    }
  }
  function paintAxis(axis, t) {
    axis.nameTextStyle = Object.assign({ color: t.soft, fontSize: 12 }, axis.nameTextStyle);
    axis.axisLabel = Object.assign({ color: t.soft, fontSize: 11, hideOverlap: true }, axis.axisLabel);
    axis.axisLine = { show: true, onZero: false, lineStyle: { color: t.line } };
    axis.axisTick = Object.assign({ show: true, lineStyle: { color: t.line } }, axis.axisTick);
    axis.splitLine = Object.assign({ show: true, lineStyle: { color: t.grid } }, axis.splitLine);
    if (!axis.axisLabel.formatter && axis.type !== "category") axis.axisLabel.formatter = axis.type === "log" ? logTick : (v) => number(v, 4);
  }
  function setLog(axis, log) {
    axis.type = log ? "log" : "value";
    axis.axisLabel.formatter = log ? logTick : (v) => number(v, 3);
  }

  // Marks at the foot of the axis where values are missing.
  function footMarks(o, series, axis, xs, hollow) {
    if (xs.length === 0) return;
    const some = xs.filter((_, i) => i % Math.ceil(xs.length / 60) === 0);
    const cross = { symbol: "path://M0,1L1,0L4,3L7,0L8,1L5,4L8,7L7,8L4,5L1,8L0,7L3,4Z", symbolSize: 8 };
    const wedge = { symbol: "triangle", symbolRotate: 180, symbolSize: 8 };
    o.series.push(Object.assign({ type: "scatter", name: series.name, color: series.color, xAxisIndex: axis.x, yAxisIndex: axis.foot,
      silent: true, tooltip: { show: false }, clip: false, z: 6, extra: true, data: some.map((x) => [x, 0.012]) }, hollow ? wedge : cross));
  }

  const kinds = { scalar, flow, ridge, cells };

  function scalar(o, spec, state, t) {
    setLog(o.yAxis[0], state.log);
    const lines = spec.lines;
    lines.forEach((about, k) => {
      const s = o.series[about.series], gaps = about.gaps || [];
      const back = new Map(gaps.filter((g) => g.length > 2).map((g) => [g[0], g[2]]));
      const raw = s.data.map((p) => back.has(p[0]) ? [p[0], back.get(p[0])] : p);
      s.data = onAxis(raw, state.log);
      if (about.band >= 0) { Object.assign(o.series[about.band], { silent: true, z: 1, symbol: "none", tooltip: { show: false } }); }
      footMarks(o, s, { x: 0, foot: 1 }, gaps.filter((g) => g.length === 2).map((g) => g[0]), false);
      if (state.log) footMarks(o, s, { x: 0, foot: 1 }, raw.filter((p) => p[1] !== null && p[1] <= 0).map((p) => p[0]), true);
      if (state.weight > 0) smoothLine(o, about, raw, state);
      s.connectNulls = false;
      s.z = 3;
      const at = s.data.filter((p) => p[1] !== null), n = Math.min(7, at.length - 1);
      const spots = n < 1 ? [] : [...Array(n).keys()].map((i) => at[Math.floor((i + (k + 0.5) / lines.length) * (at.length - 1) / n)]);
      o.series.push({ type: "scatter", name: s.name, color: s.color, symbol: s.symbol, symbolSize: 8, silent: true, z: 4, extra: true,
        tooltip: { show: false }, itemStyle: { borderColor: t.background, borderWidth: 1 }, data: spots });
    });
  }
  // The line becomes its moving average; what was recorded stays faint behind it.
  function smoothLine(o, about, raw, state) {
    const s = o.series[about.series];
    const rows = about.means || raw.map((p) => [p[0], 1, p[1]]);
    o.series.push(Object.assign({}, s, { data: s.data, silent: true, z: 2, extra: true, showSymbol: false, symbol: "none",
      lineStyle: Object.assign({}, s.lineStyle, { opacity: 0.28, width: 1 }) }));
    s.data = onAxis(smooth(rows, state.weight, 2), state.log);
    s.lineStyle = Object.assign({}, s.lineStyle, { width: 2.2 });
    if (about.band >= 0 && about.means) {
      const edge = (column) => onAxis(smooth(rows, state.weight, column), state.log).filter((p) => p[1] !== null);
      o.series[about.band].data = edge(4).concat(edge(3).reverse());
    }
  }

  function flow(o, spec, state, t) {
    const panels = o.grid.length, data = spec.frames[state.frame].data;
    for (let i = 0; i < panels; i++) {
      setLog(o.yAxis[i], state.log);
      Object.assign(o.yAxis[i], range(spec, i, state.log));
      Object.assign(o.xAxis[i], { interval: 1, splitLine: { show: false } });
      o.xAxis[i].min = 0.5;
      o.xAxis[i].axisLabel = Object.assign(o.xAxis[i].axisLabel, { customValues: layers(spec, i), hideOverlap: true });
      o.xAxis[i].axisTick = Object.assign(o.xAxis[i].axisTick, { customValues: layers(spec, i) });
    }
    spec.option.series.forEach((_, i) => {
      const s = o.series[i];
      if (s.areaStyle) {
        Object.assign(s, { data: state.log ? data[i] : data[i], silent: true, z: 1, symbol: "none", tooltip: { show: false } });
        return;
      }
      s.data = onAxis(data[i], state.log);
      s.z = 3;
      s.itemStyle = { borderColor: t.background, borderWidth: 1 };
      const axis = { x: s.xAxisIndex || 0, foot: panels + (s.xAxisIndex || 0) };
      footMarks(o, s, axis, data[i].filter((p) => p[1] === null).map((p) => p[0]), false);
      if (state.log) footMarks(o, s, axis, data[i].filter((p) => p[1] !== null && p[1] <= 0).map((p) => p[0]), true);
    });
  }
  const layers = (spec, panel) => [...new Set(spec.option.series.flatMap((s, i) => (s.xAxisIndex || 0) === panel ? spec.frames[0].data[i].map((p) => p[0]) : []))].sort((a, b) => a - b);
  // One range for all frames, so that the slider shows movement.
  function range(spec, panel, log) {
    let low = Infinity, high = -Infinity;
    for (const f of spec.frames) {
      spec.option.series.forEach((s, i) => {
        if ((s.xAxisIndex || 0) !== panel) return;
        for (const p of f.data[i]) if (drawn(p[1], log)) { low = Math.min(low, p[1]); high = Math.max(high, p[1]); }
      });
    }
    if (low > high) return log ? { min: 0.1, max: 1 } : {};
    if (!log) return { min: Math.min(0, low) };
    const decade = (v, up) => Math.pow(10, (up ? Math.ceil : Math.floor)(Math.log10(v)));
    return { min: decade(low, false), max: Math.max(decade(high, true), 10 * decade(low, false)) };
  }

  function ridge(o, spec, state, t) {
    o.series.forEach((s, i) => { s.lineStyle.color = t.outline; s.silent = true; s.z = 2 + i; });
    o.yAxis[0].axisLabel.formatter = (v) => String(Math.round(v));
    o.yAxis[0].splitLine = { show: false };
    if (!state.live) delete o.tooltip;
  }

  function cells(o, spec, state, t) {
    Object.assign(o.visualMap[0], { inRange: { color: t.ramp }, textStyle: { color: t.soft, fontSize: 11 }, right: 6, top: "middle",
      itemHeight: 150, itemWidth: 14, formatter: (z) => scaled[spec.scale || ""](z), calculable: !!state.live,
      text: state.live ? undefined : [scaled[spec.scale || ""](o.visualMap[0].max), scaled[spec.scale || ""](o.visualMap[0].min)] });
    const rows = o.yAxis[0].data.length, zero = o.yAxis[0].data.indexOf("0");
    const every = rows <= 25 ? 1 : 10;
    o.yAxis[0].axisLabel.interval = rows <= 25 ? 0 : (i) => (i - Math.max(0, zero)) % every === 0;
    o.yAxis[0].axisTick.interval = o.yAxis[0].axisLabel.interval;
    o.yAxis[0].splitLine = o.xAxis[0].splitLine = { show: false };
    o.series[0].progressive = 0;
    o.series[0].itemStyle = { borderWidth: 0 };
    o.series[0].emphasis = { itemStyle: { borderColor: t.ink, borderWidth: 1 } };
  }

  // ---- static: called from Go ---------------------------------------------
  function svg(specText, theme, width, height, titled) {
    const spec = JSON.parse(specText), state = { width, height, theme, titled, opaque: true, log: spec.log, weight: 0, frame: 0 };
    const chart = root.echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
    try {
      chart.setOption(present(spec, state));
      return chart.renderToSVGString();
    } finally { chart.dispose(); }
  }
  root.vgradFigures = { present, svg, smooth, number, heightFor };
  if (typeof document === "undefined") return;

  // ---- live ---------------------------------------------------------------
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
          const loop = spec.option.series[about.band].data, edges = loop.filter((q) => q[0] === p.value[0]);
          if (edges.length === 2) text += " (" + number(edges[1][1], 4) + " – " + number(edges[0][1], 4) + ")";
        }
        if (p.value[0] !== head) text += " at step " + p.value[0];
        rows.push([p.color, p.seriesName, text]);
      }
      return rows.length ? tip("step " + head, rows) : "";
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
      this.state = { live: true, log: spec.log, weight: 0, frame: 0, theme: themeOf(el) };
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
      this.chart.setOption(present(this.spec, this.state), true);
      if (this.spec.zoom) this.chart.dispatchAction({ type: "takeGlobalCursor", key: "dataZoomSelect", dataZoomSelectActive: true });
      if (zoom && zoom[0] && (zoom[0].start > 0 || zoom[0].end < 100)) this.chart.dispatchAction({ type: "dataZoom", dataZoomIndex: 0, start: zoom[0].start, end: zoom[0].end });
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
        const range = element("input", { type: "range", min: "0", max: "0.99", step: "0.01", value: "0", "data-control": "smooth" });
        const out = element("output", {}, "0");
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
      const frames = this.spec.frames, out = element("output", {}, frames[0].name);
      const range = element("input", { type: "range", min: "0", max: String(frames.length - 1), step: "1", value: "0", "data-control": "frame", "aria-valuetext": frames[0].name });
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
  function mount() {
    for (const el of document.querySelectorAll("figure.vgrad-figure:not([data-live])")) {
      const holder = el.querySelector("script.vgrad-spec");
      if (!holder || el.dataset.loading !== undefined) continue;
      el.dataset.loading = "";
      load(el.dataset.kernelspec).then(() => {
        if (el.dataset.live === undefined) all.push(new Live(el, JSON.parse(holder.textContent)));
      }).catch(() => { /* no library here: the static picture stays */ }).finally(() => delete el.dataset.loading);
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
  Object.assign(root.vgradFigures, { mount, all });
  mount();
})(typeof window !== "undefined" ? window : globalThis);
