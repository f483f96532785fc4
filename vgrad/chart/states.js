// Turns figures from one state to another (states.go). The states of a page are
// compressed in it; decode() makes the spec of a state when the reader turns to it.
(function (root) {
  "use strict";
  const version = "/*VERSION*/", figures = root.vgradRuntimes[version];
  if (figures.mountStates) return;

  // ---- what is packed (statepack.go) ---------------------------------------
  // head: 8 hexadecimal digits of its length, JSON, exact numbers, steps.
  function opened(bytes) {
    const text = (from, to) => { // TextDecoder is not in every engine that this runs in
      if (typeof TextDecoder !== "undefined") return new TextDecoder().decode(bytes.subarray(from, to));
      let s = "";
      for (let i = from; i < to; i++) s += "%" + (bytes[i] + 256).toString(16).slice(1);
      return decodeURIComponent(s);
    };
    const end = 8 + parseInt(text(0, 8), 16), head = JSON.parse(text(8, end));
    return { head, exact: bytes.subarray(end, end + head.exact), logs: bytes.subarray(end + head.exact) };
  }
  // Reads zigzag varints.
  function reader(bytes, at) {
    return () => {
      let v = 0, b, unit = 1;
      do { b = bytes[at++]; v += (b & 127) * unit; unit *= 128; } while (b > 127);
      return v % 2 ? -(v + 1) / 2 : v / 2;
    };
  }
  // The figures of the i-th state, each { spec, caption, table } or null; null if it is not recorded.
  function decode(packed, i) {
    const { head, exact, logs } = packed, state = head.states[i];
    if (!state) return null;
    const nextExact = reader(exact, state.at[0]), nextStep = reader(logs, state.at[1]);
    const value = (step) => step === 0 ? 0 : Math.sign(step) * +Math.pow(2, (Math.abs(step) - head.bias) / head.steps).toPrecision(4);
    return state.figures.map((f) => {
      if (!f) return null;
      let before = [];
      const arrays = f.points.map((a) => {
        const steps = [], columns = a.c.map((mode, k) => {
          const column = [], all = [];
          let last = 0;
          for (let r = 0; r < a.n; r++) {
            if (mode > 0) { last += nextExact(); column.push(mode === 1 ? last : +(last / mode).toPrecision(6)); continue; }
            last = (mode < 0 ? before[k][r] : last) + nextStep();
            all.push(last);
            column.push(value(last));
          }
          steps[k] = all;
          return column;
        });
        before = steps;
        const rows = [], odd = a.o || {}, n = a.n + Object.keys(odd).length;
        for (let r = 0, next = 0; r < n; r++) {
          if (odd[r] !== undefined) rows.push(odd[r]);
          else { const at = next++; rows.push(columns.map((c) => c[at])); }
        }
        return rows;
      });
      const filled = (v) => {
        if (v === null || typeof v !== "object") return v;
        if (Array.isArray(v)) return v.map(filled);
        if (v.$ !== undefined) return arrays[v.$];
        const c = {};
        for (const key of Object.keys(v)) c[key] = filled(v[key]);
        return c;
      };
      return { spec: filled(f.spec), caption: f.caption, table: f.table };
    });
  }
  Object.assign(figures, { opened, decode });
  if (typeof document === "undefined") return;

  // ---- in a page -----------------------------------------------------------
  const { element, load, Live } = figures;
  const isNumber = (v) => v.trim() !== "" && isFinite(v);
  function kindOf(values) {
    if (values.length === 2 && values.includes("true") && values.includes("false")) return "switch";
    if (values.length > 2 && values.every((v, i) => isNumber(v) && (i === 0 || +values[i - 1] < +v))) return "slider";
    return "menu";
  }
  const spoken = (name) => name.replace(/_/g, " ");

  class States {
    constructor(el, packed) {
      this.packed = packed;
      this.fields = packed.head.fields;
      this.at = this.fields.map(() => 0);
      this.place(Math.max(0, packed.head.states.findIndex((s) => s)));
      this.said = element("p", { class: "vgrad-said", role: "status", "aria-live": "polite" });
      this.row = element("div", { class: "vgrad-row" });
      const choices = element("div", { class: "vgrad-controls vgrad-choices", role: "group", "aria-label": el.querySelector(".vgrad-title").textContent });
      this.fields.forEach((f, k) => choices.append(this.control(f, k)));
      this.area = element("div", { class: "vgrad-live" }, choices, this.said, this.row);
      el.querySelector(".vgrad-multiples").before(this.area);
      el.dataset.live = "";
      this.shown = [];
      try { this.turn(); } catch (e) { this.area.remove(); delete el.dataset.live; throw e; } // the pictures stay
      performance.mark("vgrad-states");
    }
    // The control of the k-th field.
    control(f, k) {
      const kind = kindOf(f.values), out = kind === "slider" ? element("output", {}, f.values[this.at[k]]) : null;
      const move = (i) => { this.at[k] = i; if (out) out.textContent = f.values[i]; this.turn(); };
      let input;
      if (kind === "menu") {
        input = element("select", {}, ...f.values.map((v) => element("option", {}, v)));
        input.selectedIndex = this.at[k];
        input.onchange = () => move(input.selectedIndex);
      } else if (kind === "switch") {
        input = element("input", { type: "checkbox", role: "switch", checked: f.values[this.at[k]] === "true" });
        input.onchange = () => move(f.values.indexOf(String(input.checked)));
      } else {
        const say = (i) => input.setAttribute("aria-valuetext", f.values[i]);
        input = element("input", { type: "range", min: "0", max: String(f.values.length - 1), step: "1", value: String(this.at[k]) });
        say(this.at[k]);
        input.oninput = () => { say(+input.value); move(+input.value); };
      }
      input.dataset.field = f.name;
      return element("label", { class: "vgrad-" + kind }, spoken(f.name) + " ", input, out);
    }
    index() { return this.fields.reduce((i, f, k) => i * f.values.length + this.at[k], 0); }
    place(i) { for (let k = this.fields.length - 1; k >= 0; k--) { const n = this.fields[k].values.length; this.at[k] = i % n; i = Math.floor(i / n); } }
    turn() {
      const i = this.index(), state = this.packed.head.states[i], decoded = decode(this.packed, i);
      const name = this.fields.map((f, k) => spoken(f.name) + " " + f.values[this.at[k]]).join(", ");
      this.said.textContent = name + ": " + (!decoded ? "this state is not recorded." : state.words || `state ${i + 1} of ${this.packed.head.states.length}`);
      this.row.hidden = !decoded;
      if (!decoded) return;
      decoded.forEach((f, k) => {
        const shown = this.shown[k] = this.shown[k] || frame(this.row);
        shown.el.hidden = !f;
        if (f) fill(shown, f);
      });
    }
  }
  // An empty figure.
  function frame(row) {
    const el = element("figure", { class: "vgrad-figure", "data-version": version },
      element("p", { class: "vgrad-title" }, element("strong", {})), element("p", { class: "vgrad-static" }), element("figcaption", {}),
      element("details", {}, element("summary", {}, "The values as a table"), element("table", { class: "vgrad-data" })));
    row.append(el);
    return { el, live: null, table: null };
  }
  // A figure of a state. Its table is made when it is opened.
  function fill(shown, f) {
    const { el } = shown, details = el.querySelector("details");
    el.querySelector(".vgrad-title strong").textContent = f.spec.title;
    el.querySelector("figcaption").textContent = f.caption;
    shown.table = f.table;
    details.ontoggle = () => { if (details.open) tabulate(el.querySelector("table"), shown.table); };
    details.ontoggle();
    if (shown.live) shown.live.turn(f.spec); else shown.live = new Live(el, f.spec);
  }
  function tabulate(table, t) {
    const row = (cells, head) => element("tr", {}, ...cells.map((c, i) => element(head || i === 0 ? "th" : "td", head ? { scope: "col" } : i === 0 ? { scope: "row" } : {}, c)));
    table.replaceChildren(element("thead", {}, row(t.columns, true)), element("tbody", {}, ...t.rows.map((r) => row(r))));
  }
  const unpacked = (text) => new Response(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  function mountStates() {
    for (const el of document.querySelectorAll(`figure.vgrad-figure[data-version="${version}"][data-states]:not([data-live])`)) {
      const holder = el.querySelector("script.vgrad-packed");
      if (!holder || el.dataset.loading !== undefined) continue;
      el.dataset.loading = "";
      Promise.all([unpacked(holder.textContent), load(el.dataset.kernelspec)]).then(([buffer]) => {
        if (el.dataset.live === undefined && el.isConnected) el.vgradStates = new States(el, opened(new Uint8Array(buffer)));
      }).catch(() => { /* no library here, or a browser before 2023: the pictures stay */ }).finally(() => delete el.dataset.loading);
    }
  }
  figures.mountStates = mountStates;
  mountStates();
})(typeof window !== "undefined" ? window : globalThis);
