// What a figure of package chart looks like: from its spec (figure.go) and a
// state (log or linear, smoothing, frame, theme, size) to an ECharts option.
// The same code draws live figures in a browser (live.js) and static ones in
// Go (renderer.go). Including it twice is harmless.
(function (root) {
  "use strict";
  if (root.vgradFigures) return;
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
    if (Math.abs(n - Math.round(n)) > 1e-9) {
      const power = Math.floor(n), digit = +(v / Math.pow(10, power)).toPrecision(2);
      return power >= -1 && power <= 2 ? number(v, 2) : digit + "·10" + superscript(power);
    }
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
  // The ends of a log axis: 1, 2 or 5 times a power of ten around the data.
  function logRange(low, high) {
    if (!(low <= high)) return { min: 0.1, max: 1 };
    const at = (v, steps, better) => {
      const power = Math.pow(10, Math.floor(Math.log10(v)));
      return +(steps.map((m) => m * power).find((e) => better(e, v)) || 10 * power).toPrecision(3);
    };
    const min = at(low, [5, 2, 1], (e, v) => e <= v * 1.0001), max = at(high, [1, 2, 5, 10], (e, v) => e >= v * 0.9999);
    return { min, max: max > min ? max : 10 * min };
  }
  function extent(values, log) {
    const fit = values.filter((v) => drawn(v, log));
    return [fit.reduce((a, v) => Math.min(a, v), Infinity), fit.reduce((a, v) => Math.max(a, v), -Infinity)];
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
    if (state.theme === "dark" && spec.kind !== "ridge") {
      for (const s of o.series) { if (s.color) s.color = lighter(s.color); if (s.areaStyle) s.areaStyle.color = lighter(s.areaStyle.color); }
    }
    kinds[spec.kind](o, spec, state, t);
    if (state.live) root.vgradFigures.interact(o, spec, state, t);
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
    const foot = 50, left = spec.kind === "ridge" ? 58 : spec.kind === "map" ? Math.max(62, ...o.yAxis[0].data.map((n) => textWidth(n, 11) + 18)) : 62;
    if (o.grid.length === 1) {
      o.grid = [{ left, right: spec.kind === "cells" || spec.kind === "map" ? 96 : 22, top, bottom: foot }];
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
  const lighter = (c) => "#" + [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16)).map((v) => Math.round(v + (255 - v) * 0.28).toString(16).padStart(2, "0")).join("");
  // Over more than a decade the ends of the axis go without a label, unless they are decades.
  function setRange(axis, range, state) {
    Object.assign(axis, range);
    const decades = Math.log10(range.max / range.min);
    if (decades > 8 && !state.zoomed) { // else ECharts has labels at one decade or two
      Object.assign(axis, { min: Math.pow(10, Math.floor(Math.log10(range.min))), max: Math.pow(10, Math.ceil(Math.log10(range.max))),
        interval: [2, 5, 10, 20, 50].find((i) => decades / i <= 7) || 100 });
    }
    if (range.max / range.min > 20 && !state.zoomed) axis.axisLabel.formatter = (v) => Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-9 ? logTick(v) : "";
  }
  function setLog(axis, log) {
    axis.type = log ? "log" : "value";
    axis.axisLabel.formatter = log ? logTick : (v) => number(v, 3);
  }

  // Marks at the foot of the axis where values are missing.
  function footMarks(o, series, axis, xs, hollow) {
    if (xs.length === 0) return;
    const x = o.xAxis[axis.x], apart = (x.max - x.min) / 60;
    let last = -Infinity;
    const some = xs.filter((v) => v - last >= apart && ((last = v), true));
    const cross = { symbol: "path://M0,1L1,0L4,3L7,0L8,1L5,4L8,7L7,8L4,5L1,8L0,7L3,4Z", symbolSize: 8 };
    const wedge = { symbol: "triangle", symbolRotate: 180, symbolSize: 8 };
    o.series.push(Object.assign({ type: "scatter", name: series.name, color: series.color, xAxisIndex: axis.x, yAxisIndex: axis.foot,
      silent: true, tooltip: { show: false }, clip: false, z: 6, data: some.map((v) => [v, 0.015]) }, hollow ? wedge : cross));
  }

  const kinds = { scalar, flow, ridge, cells, map };

  const bands = (about) => about.band >= 0 ? [about.band].concat(about.bands || []) : [];
  function scalar(o, spec, state, t) {
    setLog(o.yAxis[0], state.log);
    const lines = spec.lines, seen = [];
    lines.forEach((about, k) => {
      const s = o.series[about.series], gaps = about.gaps || [];
      const back = new Map(gaps.filter((g) => g.length > 2).map((g) => [g[0], g[2]]));
      const raw = s.data.map((p) => back.has(p[0]) ? [p[0], back.get(p[0])] : p);
      s.data = onAxis(raw, state.log);
      seen.push(...raw.map((p) => p[1]), ...bands(about).flatMap((band) => o.series[band].data.map((p) => p[1])));
      for (const band of bands(about)) Object.assign(o.series[band], { silent: true, z: 1, symbol: "none", tooltip: { show: false } });
      footMarks(o, s, { x: 0, foot: 1 }, gaps.filter((g) => g.length === 2).map((g) => g[0]), false);
      if (state.log) footMarks(o, s, { x: 0, foot: 1 }, raw.filter((p) => p[1] !== null && p[1] <= 0).map((p) => p[0]), true);
      if (state.weight > 0) smoothLine(o, about, raw, state);
      s.connectNulls = false;
      s.z = 3;
      if (spec.ticks) { Object.assign(s, { showSymbol: true, itemStyle: { borderColor: t.background, borderWidth: 1 } }); return; }
      const at = s.data.filter((p) => p[1] !== null), n = Math.min(7, at.length - 1);
      const spots = n < 1 ? [] : [...Array(n).keys()].map((i) => at[Math.floor((i + (k + 0.5) / lines.length) * (at.length - 1) / n)]);
      o.series.push({ type: "scatter", name: s.name, color: s.color, symbol: s.symbol, symbolSize: 8, silent: true, z: 4,
        tooltip: { show: false }, itemStyle: { borderColor: t.background, borderWidth: 1 }, data: spots });
    });
    if (state.log) setRange(o.yAxis[0], logRange(...extent(seen, true)), state);
    if (spec.ticks) {
      Object.assign(o.xAxis[0].axisLabel, { customValues: spec.ticks, formatter: (v) => number(v, 4) });
      Object.assign(o.xAxis[0].axisTick, { customValues: spec.ticks });
      o.xAxis[0].splitLine = { show: false };
    }
  }
  // The line becomes its moving average; what was recorded stays faint behind it.
  function smoothLine(o, about, raw, state) {
    const s = o.series[about.series];
    const rows = about.means || raw.map((p) => [p[0], 1, p[1]]);
    o.series.push(Object.assign({}, s, { data: s.data, silent: true, z: 2, showSymbol: false, symbol: "none",
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
      const ends = range(spec, i, state.log);
      if (state.log) setRange(o.yAxis[i], ends, state); else Object.assign(o.yAxis[i], ends);
      Object.assign(o.xAxis[i], { interval: 1, splitLine: { show: false } });
      o.xAxis[i].min = 0.5;
      o.xAxis[i].axisLabel = Object.assign(o.xAxis[i].axisLabel, { customValues: layers(spec, i), hideOverlap: true });
      o.xAxis[i].axisTick = Object.assign(o.xAxis[i].axisTick, { customValues: layers(spec, i) });
    }
    spec.option.series.forEach((_, i) => {
      const s = o.series[i];
      if (s.areaStyle) {
        Object.assign(s, { data: data[i], silent: true, z: 1, symbol: "none", tooltip: { show: false } });
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
    const seen = spec.frames.flatMap((f) => spec.option.series.flatMap((s, i) => (s.xAxisIndex || 0) === panel ? f.data[i].map((p) => p[1]) : []));
    const [low, high] = extent(seen, log);
    return log ? logRange(low, high) : { min: Math.min(0, low) };
  }

  function ridge(o, spec, state, t) {
    o.series.forEach((s, i) => { s.silent = true; s.z = 2 + i; });
    o.yAxis[0].axisLabel.formatter = (v) => String(Math.round(v));
    o.yAxis[0].splitLine = { show: false };
    Object.assign(o.xAxis[0], { splitNumber: 8 });
    Object.assign(o.xAxis[0].axisLabel, { showMinLabel: false, showMaxLabel: false });
  }

  function cells(o, spec, state, t) {
    Object.assign(o.visualMap[0], { inRange: { color: t.ramp }, textStyle: { color: t.soft, fontSize: 11 }, right: 6, top: "middle",
      itemHeight: 150, itemWidth: 14, formatter: (z) => scaled[spec.scale || ""](z), calculable: !!state.live,
      text: state.live ? undefined : [scaled[spec.scale || ""](o.visualMap[0].max), scaled[spec.scale || ""](o.visualMap[0].min)] });
    const rows = o.yAxis[0].data.length, zero = o.yAxis[0].data.indexOf("0");
    const every = rows <= 25 ? 1 : 10;
    o.yAxis[0].axisLabel.interval = rows <= 25 ? 0 : (i) => (i - Math.max(0, zero)) % every === 0;
    o.yAxis[0].axisTick.interval = o.yAxis[0].axisLabel.interval;
    o.yAxis[0].axisTick.alignWithLabel = o.xAxis[0].axisTick.alignWithLabel = true;
    o.yAxis[0].splitLine = o.xAxis[0].splitLine = { show: false };
    o.series[0].progressive = 0;
    o.series[0].itemStyle = { borderWidth: 0 };
    o.series[0].emphasis = { itemStyle: { borderColor: t.ink, borderWidth: 1 } };
  }

  // ---- a map: two hues that meet at log10 = 0, the number in each cell --------
  const rgb = (c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16));
  const hex = (parts) => "#" + parts.map((v) => Math.round(v).toString(16).padStart(2, "0")).join("");
  function diverge(z, most, t) {
    const ramp = z < 0 ? t.warm : [t.warm[0]].concat(t.ramp.slice(1)), at = Math.min(1, Math.abs(z) / most) * (ramp.length - 1), i = Math.min(Math.floor(at), ramp.length - 2);
    const [a, b] = [rgb(ramp[i]), rgb(ramp[i + 1])];
    return hex(a.map((v, k) => v + (at - i) * (b[k] - v)));
  }
  const luminance = (c) => rgb(c).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4)).reduce((sum, v, i) => sum + [0.2126, 0.7152, 0.0722][i] * v, 0);
  const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const inkOn = (c) => contrast(luminance(c), 1) > contrast(luminance(c), luminance("#16191d")) ? "#ffffff" : "#16191d";
  // A factor in so many digits; in none, large and small ones are their power of ten.
  function factor(v, precision) {
    if (v >= 0.01 && v < 1000) return String(+v.toPrecision(precision || (v < 1 || v >= 10 ? 1 : 2)));
    if (precision === 0) return "10" + superscript(Math.round(Math.log10(v)));
    const [m, e] = v.toExponential(precision - 1).split("e");
    return (+m === 1 ? "" : +m + "·") + "10" + superscript(+e);
  }

  function map(o, spec, state, t) {
    const visual = o.visualMap[0], most = Math.max(Math.abs(visual.min), Math.abs(visual.max)) || 1;
    const colours = [...Array(17).keys()].map((i) => diverge(visual.min + (visual.max - visual.min) * i / 16, most, t));
    const text = (z) => factor(Math.pow(10, z), 2);
    Object.assign(visual, { inRange: { color: colours }, textStyle: { color: t.soft, fontSize: 11 }, right: 6, top: "middle", itemHeight: Math.min(150, state.height - 150), itemWidth: 14,
      calculable: !!state.live, formatter: text, text: state.live ? undefined : [text(visual.max), text(visual.min)] });
    for (const axis of [o.xAxis[0], o.yAxis[0]]) {
      axis.splitLine = { show: false };
      axis.axisTick.alignWithLabel = true;
    }
    o.yAxis[0].axisLabel.interval = 0;
    const s = o.series[0], room = (state.width - o.grid[0].left - o.grid[0].right) / o.xAxis[0].data.length - 6;
    const label = (v, precision) => factor(v[3], precision) + (v[7] > 0 ? "*" : "");
    const styles = [[2, 11], [1, 11], [0, 11], [0, 9]], fits = (v, [precision, px]) => textWidth(label(v, precision), px) <= room;
    const style = styles.find((st) => s.data.every((v) => fits(v, st))) || styles[3], [precision, px] = style;
    Object.assign(s, { progressive: 0, itemStyle: { borderWidth: 2, borderColor: t.background }, emphasis: { itemStyle: { borderColor: t.ink } },
      label: { show: true, fontSize: px, formatter: (p) => fits(p.value, style) ? label(p.value, precision) : "" } });
    s.data = s.data.map((v) => ({ value: v, label: { color: inkOn(diverge(v[2], most, t)) } }));
    o.series.push({ type: "scatter", name: s.name, silent: true, tooltip: { show: false }, symbol: "rect", symbolSize: 1, itemStyle: { color: "transparent" }, z: 4,
      label: { show: true, position: "inside", fontSize: px, color: t.soft, formatter: (p) => p.value[2] }, data: spec.marks || [] });
  }

  // A static picture without what only a live one needs, its polylines in
  // steps of a tenth of a pixel: about half the size, to the eye the same.
  function shrink(svg) {
    return svg.replace(/<style[^>]*>[^]*?<\/style>\s*/g, "").replace(/ (?:ecmeta_\w+|class|pointer-events)="[^"]*"/g, "")
      .replace(/font-family:system-ui[^;"]*;?/g, "").replace("<svg ", `<svg font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif" `)
      .replace(/ d="([^"]*)"/g, (_, d) => ' d="' + polyline(d) + '"').replace(/><\/(?:path|rect|circle|polyline|polygon)>\n?/g, "/>");
  }
  function polyline(d) {
    if (!/^(?:[ML]-?[\d.]+ -?[\d.]+)+Z?$/.test(d)) return d.replace(/-?\d+\.\d{2,}/g, (n) => String(+(+n).toFixed(1)));
    const text = (tenths) => String(tenths / 10).replace(/^(-?)0\./, "$1.");
    let x = 0, y = 0, last = "";
    return d.replace(/([MLZ])(?:(-?[\d.]+) (-?[\d.]+))?/g, (_, command, a, b) => {
      if (command === "Z") return "Z";
      const [u, v] = [Math.round(10 * a), Math.round(10 * b)], [dx, dy] = command === "M" ? [u, v] : [u - x, v - y];
      [x, y] = [u, v];
      const name = command === "M" ? "M" : dy === 0 ? "h" : "l";
      const numbers = name === "h" ? text(dx) : text(dx) + (dy < 0 ? "" : " ") + text(dy);
      const head = name === last && name !== "M" ? (numbers[0] === "-" ? "" : " ") : name;
      last = name;
      return head + numbers;
    });
  }

  // ---- static: called from Go ---------------------------------------------
  function svg(specText, theme, width, height, titled) {
    const spec = JSON.parse(specText), state = { width, height, theme, titled, opaque: true, log: spec.log, weight: spec.weight || 0, frame: 0 };
    const chart = root.echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
    try {
      chart.setOption(present(spec, state));
      // ECharts numbers ids and classes on from one figure to the next: here each starts anew.
      const names = new Map();
      return shrink(chart.renderToSVGString()).replace(/(["'(#.])zr\d+-(?:cls-|ani|c|g|p|s)\w*/g, (id, before) => {
        const key = id.slice(1);
        if (!names.has(key)) names.set(key, "z" + names.size);
        return before + names.get(key);
      });
    } finally { chart.dispose(); }
  }
  root.vgradFigures = { themes, present, svg, smooth, number, percent, factor, bands, heightFor };
})(typeof window !== "undefined" ? window : globalThis);
