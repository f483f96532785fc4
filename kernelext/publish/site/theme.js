// The reader's colours, before anything is drawn. site.js has the choice.
(function () {
  "use strict";
  try {
    const chosen = localStorage.getItem("vgrad-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch (e) { /* nothing is remembered here: the system's colours stay */ }
})();
