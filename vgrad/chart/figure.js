// Draws what a figure of package chart says (spec.go): from a spec and a state
// (size, theme, frame, log or linear, smoothing) to an ECharts option. What a
// figure shows, Go says; here are sizes, a theme's colours, formats of numbers and
// what the controls do, the same for every figure. The same code draws live
// figures in a browser (live.js) and static ones in Go (renderer.go). Including
// it twice is harmless. A notebook may hold figures of several releases, each with
// its runtime: they stand beside each other by their versions (theme.go).
(function (root) {
  "use strict";
  const runtimes = root.vgradRuntimes = root.vgradRuntimes || {};
  if (runtimes["/*VERSION*/"]) return;
  const themes = /*THEMES*/{};
  const fonts = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

  // ---- numbers -----------------------------------------------------------
  const superscript = (n) => String(n).replace(/[-0-9]/g, (c) => c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[+c]);
  function number(v, precision) {
    if (v < 0) return "-" + number(-v, precision); // goja writes (-1e-6).toExponential(3) as ".0.000e-7"
    if (v !== 0 && (v < 1e-3 || v >= 1e6)) return v.toExponential(precision - 1).replace(/\.?0+e/, "e").replace("e+", "e");
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
  const isDecade = (v) => Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-9;
  // The formats that a spec may name: "@log" as a formatter, {2|percent} in a tooltip.
  const formats = {
    number: (v) => number(v, 4),
    fine: (v) => number(v, 3),
    whole: (v) => String(Math.round(v)),
    log: logTick,
    decades: (v) => isDecade(v) ? logTick(v) : "",
    percent: (v) => number(100 * v, 3) + " %",
    share: (z) => number(Math.expm1(z), 3) + " %", // of log(1 + percent)
    power: (z) => number(Math.pow(10, z), 2),
  };

  // ---- colours -----------------------------------------------------------
  const rgb = (c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16));
  const hex = (parts) => "#" + parts.map((v) => Math.round(v).toString(16).padStart(2, "0")).join("");
  const mix = (a, b, part) => hex(rgb(a).map((v, i) => v + part * (rgb(b)[i] - v)));
  function along(ramp, at) {
    const place = Math.min(1, Math.max(0, at)) * (ramp.length - 1), i = Math.min(Math.floor(place), ramp.length - 2);
    return mix(ramp[i], ramp[i + 1], place - i);
  }
  // A colour by its name in a theme, see Theme in theme.go.
  function colour(name, t) {
    const [, word, n, , back] = /^\$([a-z]+)(-?\d+)?(\+(\d+))?$/.exec(name) || [];
    if (word === undefined) return name;
    let c = t[word];
    if (word === "run") c = t.runs[n];
    if (word === "ramp") c = t.ramp[n];
    if (word === "blend") c = n < 0 ? along(t.warm, -n / 100) : along([t.warm[0]].concat(t.ramp.slice(1)), n / 100);
    return back ? mix(c, t.back, back / 100) : c;
  }
  const luminance = (c) => rgb(c).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4)).reduce((sum, v, i) => sum + [0.2126, 0.7152, 0.0722][i] * v, 0);
  const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const inkOn = (c) => contrast(luminance(c), 1) > contrast(luminance(c), luminance("#16191d")) ? "#ffffff" : "#16191d";
  const symbols = { "@cross": "path://M0,1L1,0L4,3L7,0L8,1L5,4L8,7L7,8L4,5L1,8L0,7L3,4Z", "@wedge": "path://M0,0H10L5,9Z" };
  // Puts colours, formats and symbols in the place of their names.
  function resolve(part, t) {
    for (const [key, v] of Object.entries(part)) {
      if (key === "data") continue;
      if (v !== null && typeof v === "object") { resolve(v, t); continue; }
      if (typeof v !== "string") continue;
      if (v[0] === "$" && (Array.isArray(part) || /color$/i.test(key))) part[key] = colour(v, t);
      if (v[0] === "@" && key === "formatter") part[key] = formats[v.slice(1)];
      if (v[0] === "@" && key === "symbol") part[key] = symbols[v];
    }
  }

  // ---- lines -------------------------------------------------------------
  const drawn = (v, log) => v !== null && v !== undefined && !(log && v <= 0);
  const onAxis = (data, log) => data.map((p) => drawn(p[1], log) ? p : [p[0], null]);
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
  function drawLines(o, spec, state) {
    for (const about of spec.lines || []) {
      const s = o.series[about.series], raw = s.data, log = onLog(spec, state, s);
      s.data = onAxis(raw, log);
      footMarks(o, s, about.foot, raw.filter((p) => p[1] === null && p[2]), "@cross");
      if (log) footMarks(o, s, about.foot, raw.filter((p) => p[1] !== null && p[1] <= 0), "@wedge");
      if (state.weight > 0) smoothLine(o, about, raw, log, state.weight);
      if (about.marked) markers(o, s, about.marked);
    }
  }
  const onLog = (spec, state, s) => !!state.log && spec.log.axes.includes(s.yAxisIndex || 0);
  // Marks at the foot of the axis where values are missing, no two on top of each other.
  function footMarks(o, s, foot, points, symbol) {
    const axis = o.xAxis[s.xAxisIndex || 0], apart = axis.type === "category" ? axis.data.length / 60 : axis.type === "log" ? 0 : (axis.max - axis.min) / 60;
    let last = -Infinity;
    const data = points.filter(([x]) => x - last >= apart && ((last = x), true)).map(([x]) => [x, 0.015]);
    if (data.length) o.series.push({ type: "scatter", name: s.name, color: s.color, xAxisIndex: s.xAxisIndex || 0, yAxisIndex: foot,
      symbol, symbolSize: 8, silent: true, tooltip: { show: false }, clip: false, z: 6, data });
  }
  // The line becomes its moving average; what was recorded may stay faint behind it.
  function smoothLine(o, about, raw, log, weight) {
    const s = o.series[about.series], rows = about.means || raw.map((p) => [p[0], 1, p[1]]);
    if (about.faint) o.series.push(Object.assign({}, s, { silent: true, z: 2, showSymbol: false, symbol: "none",
      lineStyle: Object.assign({}, s.lineStyle, { opacity: 0.28, width: 1 }) }));
    s.data = onAxis(smooth(rows, weight, 2), log);
    s.lineStyle = Object.assign({}, s.lineStyle, { width: about.faint ? 2.2 : 1.6 });
    if (about.bands && about.means) {
      const edge = (column) => onAxis(smooth(rows, weight, column), log).filter((p) => p[1] !== null);
      o.series[about.bands[0]].data = edge(4).concat(edge(3).reverse());
    }
  }
  // A few markers along a line, shifted against those of other lines.
  function markers(o, s, shift) {
    const at = s.data.filter((p) => p[1] !== null), n = Math.min(7, at.length - 1);
    const data = n < 1 ? at : [...Array(n).keys()].map((i) => at[Math.floor((i + shift) * (at.length - 1) / n)]);
    o.series.push({ type: "scatter", name: s.name, color: s.color, xAxisIndex: s.xAxisIndex || 0, yAxisIndex: s.yAxisIndex || 0, symbol: s.symbol, symbolSize: 8,
      silent: true, z: 4, tooltip: { show: false }, itemStyle: s.itemStyle, data });
  }

  // ---- axes --------------------------------------------------------------
  function extent(values, log) {
    const fit = values.filter((v) => drawn(v, log));
    return [fit.reduce((a, v) => Math.min(a, v), Infinity), fit.reduce((a, v) => Math.max(a, v), -Infinity)];
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
  // The end of a linear axis that several figures share.
  function roundUp(v) {
    const power = Math.pow(10, Math.floor(Math.log10(v)));
    return +([1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8].map((m) => m * power).find((e) => e >= v * 0.9999) || 10 * power).toPrecision(3);
  }
  // Every value that an axis ever shows: of all frames, so that a slider shows movement.
  function valuesOn(spec, axis) {
    const all = (i) => spec.frames ? spec.frames.flatMap((f) => f.data[i]) : spec.option.series[i].data;
    return (spec.lines || []).flatMap((about) => (spec.option.series[about.series].yAxisIndex || 0) !== axis ? [] :
      [about.series].concat(about.bands || []).flatMap(all).map((p) => p[1]));
  }
  function setScales(o, spec, state) {
    if (!spec.log) return;
    for (const i of spec.log.axes) {
      const shared = (spec.log.shared || {})[i], axis = o.yAxis[i];
      const [low, high] = shared ? [state.log ? shared[2] : shared[0], shared[1]] : extent(valuesOn(spec, i), state.log);
      axis.type = state.log ? "log" : "value";
      axis.axisLabel.formatter = state.log ? "@log" : "@fine";
      if (state.log) setLogRange(axis, low === null ? logRange() : logRange(low, high), state.zoomed);
      else if (shared) Object.assign(axis, { min: low < 0 ? -roundUp(-low) : 0, max: high > 0 ? roundUp(high) : 0 });
      else if (spec.frames && low <= high) Object.assign(axis, { min: Math.min(0, low), max: high > 0 ? logRange(high, high).max : 0 });
    }
  }
  // Over more than a decade the ends of the axis go without a label, unless they are decades.
  function setLogRange(axis, range, zoomed) {
    Object.assign(axis, range);
    const decades = Math.log10(range.max / range.min);
    if (decades > 8 && !zoomed) { // else ECharts has labels at one decade or two
      Object.assign(axis, { min: Math.pow(10, Math.floor(Math.log10(range.min))), max: Math.pow(10, Math.ceil(Math.log10(range.max))),
        interval: [2, 5, 10, 20, 50].find((i) => decades / i <= 7) || 100 });
    }
    if (range.max / range.min > 20 && !zoomed) axis.axisLabel.formatter = "@decades";
  }

  // ---- sizes -------------------------------------------------------------
  // Widths of DejaVu Sans, the widest of the fonts, for the characters from space
  // to ~, in fiftieths of an em, 32 more: what fits by them fits in any of the fonts.
  const widths = "047J@PG.449J0201@@@@@@@@@@11JJJ;RBBCG@=GF//A<KEG>GC@?EBQB?B414J99?@;@?2@@..=.Q@?@@5:4@>I>>:@1@J";
  const textWidth = (s, px) => Array.from(s).reduce((w, c) => w + (c > "\u2e7f" ? 1 : ((widths.charCodeAt(c.charCodeAt(0) - 32) || 65) - 32) / 50) * px, 0);
  const widest = (names, px) => names.reduce((w, n) => Math.max(w, textWidth(n, px)), 0);
  // Breaks a text into lines: between words, and only words that are too long within.
  function broken(text, px, width) {
    const lines = [""], parts = (word, by) => textWidth(word.trimEnd(), px) > width ? word.split(by) : [word];
    for (const word of text.split(/(?<= )/).flatMap((w) => parts(w, /(?<=[/=,_-])/)).flatMap((w) => parts(w, /(?:)/u))) {
      if (lines[lines.length - 1] && textWidth(lines[lines.length - 1] + word.trimEnd(), px) > width) lines.push("");
      lines[lines.length - 1] += word;
    }
    return lines.map((l) => l.trimEnd());
  }
  function cut(text, px, width) {
    if (textWidth(text, px) <= width) return text;
    const chars = Array.from(text);
    while (chars.length > 1 && textWidth(chars.join("") + "…", px) > width) chars.pop();
    return chars.join("") + "…";
  }

  // Where everything stands, and how high the picture is then.
  function plan(spec, state) {
    const p = { top: 4, legend: null, title: [] };
    if (state.titled) {
      p.title = broken(spec.title, 15 * 1.15, state.width - 24); // bold
      p.top = 12 + 20 * p.title.length + (spec.note ? 18 : 0);
    }
    let high = spec.height + (state.titled ? p.top - 4 : 0);
    const names = spec.option.legend ? [...new Set(spec.option.series.filter((s) => !s.silent).map((s) => s.name))] : [];
    if (names.length > 1) {
      p.legend = planLegend(names, state);
      if (!p.legend.below) { p.legend.top = p.top; p.top += p.legend.height + 4; }
      high += Math.max(0, p.legend.height - 28);
    }
    p.top += 28; // the name of the vertical axis
    planPanels(p, spec, state);
    p.end = p.foot + (p.legend && p.legend.below ? p.legend.height + 8 : 0);
    high += p.foot - 50 + (p.stacked ? 210 + p.foot : 0);
    p.height = Math.max(state.height || 0, state.height ? high - spec.height + 240 : high);
    return p;
  }
  // The rows of a legend, laid out here so that no name runs into the next in any
  // font. Where they are many, a page has some at a time, and a picture has them below the drawing.
  function planLegend(names, state) {
    const room = state.width - 24, beside = 34 + 5, apart = 22, rows = [];
    let x = Infinity;
    for (const name of names) {
      const lines = broken(name, 12, room - beside), width = Math.ceil(widest(lines, 12));
      if (x + beside + width > room) { rows.push([]); x = 0; }
      x += beside + width + apart;
      rows[rows.length - 1].push({ name, lines, width });
    }
    const many = rows.length > 6, gap = many ? 4 : 10;
    for (const item of rows.flat()) item.width += apart - gap;
    if (many && state.live) return { rows, gap, paged: true, height: 7 * 18 + 30 };
    return { rows, gap, below: many, height: rows.reduce((sum, row) => sum + gap + 14 * Math.max(...row.map((i) => i.lines.length)), 4) };
  }
  function planPanels(p, spec, state) {
    const o = spec.option, n = o.grid.length;
    p.stacked = n > 1 && state.width < 560;
    p.right = o.visualMap ? (state.live ? 52 : 38) + Math.max(...[o.visualMap.min, o.visualMap.max].map((z) => textWidth(formats[o.visualMap.formatter.slice(1)](z), 11))) : 22;
    p.lefts = o.grid.map((_, i) => o.yAxis[i].type === "category" ? Math.max(62, 18 + Math.min(0.4 * state.width, widest(o.yAxis[i].data, 11))) : 62);
    const all = state.width - p.lefts.reduce((a, b) => a + b, 0) - n * 12;
    p.widths = o.grid.map((_, i) => n === 1 || p.stacked ? state.width - p.lefts[i] - p.right : (all - p.right + 12) / n);
    p.names = o.grid.map((_, i) => o.xAxis[i].type === "category" ? planNames(o.xAxis[i].data, p.widths[i]) : null);
    p.foot = 30 + Math.max(20, ...p.names.map((names) => names ? names.height : 20));
  }
  // How the names of an axis fit below it: beside each other, in two lines, slanted;
  // where there are too many, every so many.
  function planNames(names, width) {
    const room = width / names.length, high = 11 * 1.3;
    const every = (need) => [1, 2, 5, 10, 20, 25, 50, 100, 200, 500].find((k) => k * room >= need) || Math.ceil(need / room);
    const lines = names.map((n) => n.split(/(?<=,) | (?=\()/));
    const fits = (all) => all.map((l) => widest(l, 11)).every((w, i, ws) => i === 0 || (ws[i - 1] + w) / 2 + 6 <= room);
    const whole = names.map((n) => [n]);
    if (fits(whole)) return { every: 1, height: 20, lines: whole };
    if (fits(lines)) return { every: 1, height: 6 + high * Math.max(...lines.map((l) => l.length)), lines };
    if (widest(names, 11) <= 36) return { every: every(widest(names, 11) + 8), height: 20, lines: whole };
    const short = names.map((n) => [cut(n, 11, 150)]);
    return { every: every(high + 1), height: 10 + 0.87 * widest(short.flat(), 11) + 0.5 * high, lines: short, rotate: 60 };
  }

  function place(o, spec, state, p, t) {
    o.backgroundColor = state.opaque ? t.back : "transparent";
    o.textStyle = { fontFamily: fonts, color: t.ink };
    if (state.titled) {
      o.title = { text: p.title.join("\n"), subtext: spec.note || "", left: 8, top: 6, itemGap: 4,
        textStyle: { fontSize: 15, fontWeight: 600, color: t.ink, lineHeight: 20 }, subtextStyle: { fontSize: 12, color: t.soft } };
    }
    placeLegend(o, state, p);
    const each = (state.height - p.top - p.end - (p.stacked ? p.foot + 34 : 0)) / (p.stacked ? 2 : 1);
    o.grid.forEach((grid, i) => {
      const left = p.stacked ? p.lefts[i] : p.lefts.slice(0, i + 1).reduce((a, b) => a + b, 0) + p.widths.slice(0, i).reduce((a, b) => a + b + 12, 0);
      Object.assign(grid, { left, width: p.widths[i], top: p.top + (p.stacked ? i * (each + p.foot + 34) : 0), height: each });
      const y = o.yAxis[i];
      Object.assign(y.nameTextStyle, { align: "left", padding: [0, 0, 0, 6 - p.lefts[i]] });
      if (y.type === "category") placeRows(y, each, p.lefts[i]);
      if (p.names[i]) placeNames(o.xAxis[i], p.names[i]);
    });
    if (o.visualMap) placeScale(o.visualMap, each, state);
  }
  function placeLegend(o, state, p) {
    if (!o.legend) return;
    if (!p.legend) { o.legend.show = false; return; }
    const lines = new Map(p.legend.rows.flat().map((item) => [item.name, item.lines.join("\n")]));
    const data = p.legend.rows.map((row) => row.map((item) => ({ name: item.name, textStyle: { width: item.width } })));
    Object.assign(o.legend, { top: p.legend.below ? state.height - p.legend.height - 4 : p.legend.top, itemGap: p.legend.gap, selected: state.selected, formatter: (name) => lines.get(name),
      data: p.legend.paged ? data.flat() : data.flatMap((row, i) => i ? ["\n"].concat(row) : row) });
    if (p.legend.paged) Object.assign(o.legend, { type: "scroll", orient: "vertical", height: p.legend.height - 14 });
    o.legend.textStyle.lineHeight = 14;
  }
  function placeNames(axis, names) {
    const bottom = names.height - 20;
    Object.assign(axis.axisLabel, { interval: (i) => i % names.every === 0, formatter: (_, i) => names.lines[i].join("\n"), rotate: names.rotate || 0, hideOverlap: false, lineHeight: 14 });
    axis.axisTick.interval = names.every === 1 ? 0 : axis.axisLabel.interval;
    axis.nameGap = 30 + bottom;
  }
  // Of rows that are too many to be named each, every so many are, zero among them.
  function placeRows(axis, height, left) {
    const names = axis.data.slice(), room = height / names.length, zero = Math.max(0, names.indexOf("0"));
    const every = [1, 2, 5, 10, 20, 25, 50, 100].find((k) => k * room >= 13) || names.length;
    Object.assign(axis.axisLabel, { interval: (i) => (i - zero) % every === 0, formatter: (_, i) => cut(names[i], 11, left - 16), hideOverlap: false });
    axis.axisTick.interval = axis.axisLabel.interval;
  }
  function placeScale(visual, height, state) {
    const text = formats[visual.formatter.slice(1)];
    Object.assign(visual, { right: 6, top: "middle", itemHeight: Math.max(40, Math.min(150, height - 60)), calculable: !!state.live });
    if (!state.live) visual.text = [text(visual.max), text(visual.min)];
  }
  // Labels in cells: the first variant of which all fit, or what fits of the last.
  function fitLabels(o, spec, p) {
    if (!spec.fit) return;
    const s = o.series[spec.fit.series], room = p.widths[0] / o.xAxis[0].data.length - 6, variants = spec.fit.variants;
    const fits = (v, [column, px]) => textWidth(v[column], px) <= room;
    const variant = variants.find((one) => s.data.every((v) => fits(v, one))) || variants[variants.length - 1];
    s.label = { show: true, fontSize: variant[1], formatter: (at) => fits(at.value, variant) ? at.value[variant[0]] : "" };
    const { min, max, inRange } = o.visualMap;
    s.data = s.data.map((v) => ({ value: v, label: { color: inkOn(along(inRange.color, (v[2] - min) / (max - min))) } }));
  }

  // ---- the option for a state --------------------------------------------
  // state: width, height (0: as high as it needs), theme, titled, live, log, weight, frame, selected
  function present(spec, given) {
    const o = JSON.parse(JSON.stringify(spec.option)), t = themes[given.theme];
    const p = plan(spec, given), state = Object.assign({}, given, { height: p.height });
    if (spec.frames) spec.frames[state.frame].data.forEach((data, i) => { o.series[i].data = data; });
    drawLines(o, spec, state);
    setScales(o, spec, state);
    place(o, spec, state, p, t);
    resolve(o, t);
    fitLabels(o, spec, p);
    if (state.live) runtimes["/*VERSION*/"].interact(o, spec, state, t);
    return o;
  }
  const heightFor = (spec, state) => plan(spec, Object.assign({}, state, { height: 0 })).height;
  const starting = (spec, state) => Object.assign({ log: spec.log && spec.log.on, weight: spec.smooth || 0, frame: 0 }, state);

  // A static picture without what only a live one needs, its polylines in
  // steps of a tenth of a pixel: about half the size, to the eye the same.
  function shrink(svg) {
    return svg.replace(/<style[^>]*>[^]*?<\/style>\s*/g, "").replace(/ (?:ecmeta_\w+|class|pointer-events)="[^"]*"/g, "")
      .replace(/font-family:system-ui[^;"]*;?/g, "").replace("<svg ", `<svg font-family="${fonts}" `)
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
    const spec = JSON.parse(specText), state = starting(spec, { width, height, theme, titled, opaque: true });
    const chart = root.echarts.init(null, null, { renderer: "svg", ssr: true, width, height: plan(spec, state).height });
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
  // The option of the static picture as text; functions are left out.
  function option(specText, theme, width) {
    const spec = JSON.parse(specText);
    return JSON.stringify(present(spec, starting(spec, { width, height: 0, theme, titled: false, opaque: true })));
  }
  runtimes["/*VERSION*/"] = { themes, formats, present, svg, option, smooth, number, colour, starting, heightFor };
})(typeof window !== "undefined" ? window : globalThis);
