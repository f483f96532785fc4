// What a page of a site does: the reader's colours, contents, search, and live outputs when
// they come into view. Without it the page is whole: its figures are static pictures then.
(function () {
  "use strict";
  const byID = (id) => document.getElementById(id);
  function element(tag, attributes, ...children) {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    e.append(...children);
    return e;
  }

  // ---- files of the site, each once ----------------------------------------
  const files = new Map();
  function load(src) {
    if (!files.has(src)) {
      files.set(src, new Promise((resolve, reject) => {
        const tag = element("script", { src });
        tag.onload = resolve;
        tag.onerror = () => { files.delete(src); reject(new Error("the site has no " + src)); };
        document.head.append(tag);
      }));
    }
    return files.get(src);
  }

  // ---- live outputs ----------------------------------------------------------
  // An element with data-scripts is made live by these scripts. Each registers itself as
  // window.vgradRuntimes[name], and its mount() makes live all elements of its kind in the
  // page that are not live yet and have no data-loading.
  async function wake(el) {
    try {
      for (const src of el.dataset.scripts.split(" ")) await load(src);
    } catch (e) { return; } // the static picture stays
    delete el.dataset.scripts;
    delete el.dataset.loading;
    for (const runtime of Object.values(window.vgradRuntimes || {})) if (runtime.mount) runtime.mount();
  }
  const near = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (isIntersecting) { near.unobserve(target); wake(target); }
    }
  }, { rootMargin: "400px 0px" });
  document.querySelectorAll("[data-scripts]").forEach((el) => near.observe(el));

  // ---- colours -----------------------------------------------------------------
  const theme = byID("site-theme");
  theme.value = document.documentElement.dataset.theme || "";
  theme.parentElement.hidden = false;
  theme.onchange = () => {
    if (theme.value) document.documentElement.dataset.theme = theme.value; else delete document.documentElement.dataset.theme;
    try {
      if (theme.value) localStorage.setItem("vgrad-theme", theme.value); else localStorage.removeItem("vgrad-theme");
    } catch (e) { /* the choice holds for this page alone */ }
  };

  // ---- contents ------------------------------------------------------------------
  const contents = document.querySelector(".side details");
  if (contents) {
    const wide = matchMedia("(min-width: 62rem)"), fold = () => { contents.open = wide.matches; };
    wide.addEventListener("change", fold);
    fold();
    // The entry of the section that is being read.
    const links = new Map([...contents.querySelectorAll("a")].map((a) => [byID(decodeURIComponent(a.hash.slice(1))), a]));
    let waits = false;
    const follow = () => {
      waits = false;
      let at = null;
      for (const h of links.keys()) if (h && h.getBoundingClientRect().top < 140) at = h;
      for (const [h, a] of links) if (h === at) a.setAttribute("aria-current", "true"); else a.removeAttribute("aria-current");
    };
    addEventListener("scroll", () => { if (!waits) { waits = true; requestAnimationFrame(follow); } }, { passive: true });
    follow();
  }

  // ---- search -----------------------------------------------------------------------
  const box = document.querySelector(".search"), query = byID("site-query"), found = byID("site-found"), results = byID("site-results"), status = byID("site-status");
  box.hidden = false;
  const plain = (s) => s.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  let sections = null;
  async function open() {
    if (sections) return;
    await load(box.dataset.index);
    sections = window.vgradIndex.flatMap(([page, title, parts]) => parts.map(([id, heading, text]) =>
      ({ href: page + (id ? "#" + id : ""), title, heading, text, lower: plain(text), head: plain(heading), all: plain([title, heading, text].join("\n")) })));
  }
  const starts = (text, term) => new RegExp("(^|[^\\p{L}\\p{N}])" + term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "u").test(text);
  function score(s, terms) {
    if (!terms.every((t) => s.all.includes(t))) return 0;
    return terms.reduce((sum, t) => sum + 1 + (s.head.includes(t) ? 6 : 0) + (starts(s.head, t) ? 4 : 0) + (starts(s.lower, t) ? 2 : 0) + Math.min(3, s.lower.split(t).length - 1), 0);
  }
  // A piece of the text around the first term, with the terms marked. Marks and diacritics
  // are looked for where lower case and text have the same length, as nearly always.
  function excerpt(s, terms) {
    const same = s.lower.length === s.text.length, at = same ? Math.max(0, Math.min(...terms.map((t) => s.lower.indexOf(t)).filter((i) => i >= 0).concat(s.text.length))) : 0;
    const from = at >= s.text.length || at < 60 ? 0 : s.text.indexOf(" ", at - 60) + 1, to = Math.min(s.text.length, from + 180);
    const p = element("span", { class: "excerpt" }, from ? "… " : "");
    for (let i = from; i < to;) {
      const hits = same ? terms.map((t) => [s.lower.indexOf(t, i), t.length]).filter(([k]) => k >= 0 && k < to).sort((a, b) => a[0] - b[0] || b[1] - a[1]) : [];
      if (!hits.length) { p.append(s.text.slice(i, to)); break; }
      const [[k, n]] = hits;
      p.append(s.text.slice(i, k), element("mark", {}, s.text.slice(k, k + n)));
      i = k + n;
    }
    p.append(to < s.text.length ? " …" : "");
    return p;
  }
  async function search() {
    const asked = query.value, terms = plain(asked).split(/\s+/).filter((t) => t);
    if (!terms.length) { found.hidden = true; return; }
    try { await open(); } catch (e) { status.textContent = "The index of the site is missing."; found.hidden = false; return; }
    if (asked !== query.value) return;
    const hits = sections.map((s) => [score(s, terms), s]).filter(([n]) => n).sort((a, b) => b[0] - a[0]);
    status.textContent = hits.length === 0 ? "Nothing found." : hits.length === 1 ? "One place." : hits.length > 20 ? hits.length + " places; the first 20:" : hits.length + " places.";
    results.replaceChildren(...hits.slice(0, 20).map(([, s]) => element("li", {},
      element("a", { href: s.href }, element("b", {}, s.heading === s.title ? s.title : s.title + " › " + s.heading), excerpt(s, terms)))));
    found.hidden = false;
  }
  const close = () => { found.hidden = true; };
  query.addEventListener("focus", () => { open().catch(() => {}); if (query.value) search(); });
  query.addEventListener("input", search);
  box.addEventListener("focusout", (e) => { if (e.relatedTarget && !box.contains(e.relatedTarget)) close(); });
  document.addEventListener("click", (e) => { if (!box.contains(e.target) || e.target.closest("#site-results a")) close(); });
  document.addEventListener("keydown", (e) => {
    const typing = e.target.closest("input, textarea, select, [contenteditable]");
    if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) { e.preventDefault(); query.focus(); }
    if (!box.contains(e.target)) return;
    if (e.key === "Escape" && !found.hidden) { e.preventDefault(); close(); query.focus(); close(); }
    const links = [...results.querySelectorAll("a")], at = links.indexOf(document.activeElement);
    if (e.key === "ArrowDown" && !found.hidden && links.length) { e.preventDefault(); links[Math.min(at + 1, links.length - 1)].focus(); }
    if (e.key === "ArrowUp" && at >= 0) { e.preventDefault(); (links[at - 1] || query).focus(); }
    if (e.key === "Enter" && e.target === query && links.length && !found.hidden) { e.preventDefault(); links[0].click(); }
  });
})();
