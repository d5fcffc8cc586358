// Makes pages quicker for those who have it on: keys, selecting rows, live runs. Every page works without it, and no
// amount is ever computed here.
(function () {
  "use strict";
  const all = (what, from) => Array.from((from || document).querySelectorAll(what));
  const one = (what, from) => (from || document).querySelector(what);

  // Choosing rows: the bar says how many, a range with Shift.
  const boxes = all("input[data-row]");
  const said = one("[data-chosen]");
  let last = null;
  function count() {
    const chosen = boxes.filter((box) => box.checked);
    if (said) said.textContent = chosen.length === 0 ? said.dataset.none : chosen.length + " " + said.dataset.chosen;
    boxes.forEach((box) => box.closest("tr").setAttribute("aria-selected", String(box.checked)));
  }
  boxes.forEach((box, at) => box.addEventListener("click", (event) => {
    if (event.shiftKey && last !== null) {
      boxes.slice(Math.min(last, at), Math.max(last, at) + 1).forEach((other) => { other.checked = box.checked; });
    }
    last = at;
    count();
  }));
  const every = one("input[data-every]");
  if (every) {
    every.closest("label").hidden = false;
    every.addEventListener("change", () => { boxes.forEach((box) => { box.checked = every.checked; }); count(); });
  }
  if (boxes.length > 0) count();

  // Keys. Off in fields, with any modifier, and for whoever switched them off.
  const rows = all("tr[data-open]");
  let at = -1;
  function move(by) {
    if (rows.length === 0) return;
    if (at >= 0) rows[at].classList.remove("at");
    at = Math.max(0, Math.min(rows.length - 1, at + by));
    rows[at].classList.add("at");
    const link = one("a", rows[at]);
    if (link) link.focus();
  }
  const go = { t: "/", i: "/ignored", l: "/links", r: "/runs", c: "/connections", p: "/programs", a: "/audit" };
  let waitsForPlace = false;
  function press(event) {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches("input:not([type=checkbox]), select, textarea") || target.isContentEditable) return;
    if (document.documentElement.dataset.keys === "off") return;
    if (waitsForPlace) {
      waitsForPlace = false;
      if (go[event.key]) { event.preventDefault(); location.assign(go[event.key]); }
      return;
    }
    const button = one("[data-key='" + CSS.escape(event.key) + "']");
    if (event.key === "g") { waitsForPlace = true; return; }
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "x" && at >= 0) {
      const box = one("input[data-row]", rows[at]);
      if (box) { box.checked = !box.checked; count(); }
    } else if (event.key === "*") { boxes.forEach((box) => { box.checked = true; }); count(); }
    else if (event.key === "/") { const find = one(".find input"); if (find) find.focus(); }
    else if (event.key === "?") { const help = one("#keys"); if (help && help.showModal) help.showModal(); }
    else if (button) { button.click(); }
    else return;
    event.preventDefault();
  }
  document.addEventListener("keydown", press);

  // A run that goes on: its figures come by events; without them the page asks for itself anew.
  const live = one("[data-run]");
  if (live && window.EventSource) {
    const source = new EventSource(live.dataset.events || "/v1/runs/" + encodeURIComponent(live.dataset.run) + "/events");
    const bar = one("progress", live), text = one("[data-live]", live);
    let spoken = 0;
    function show(event) {
      let run;
      try { run = JSON.parse(event.data); } catch (_) { return; }
      if (bar && run.total) { bar.max = run.total; bar.value = run.done; }
      const now = Date.now();
      if (text && now - spoken > 4000) { spoken = now; text.textContent = run.done + (run.total ? " of " + run.total : ""); }
      if (run.is_over) { source.close(); location.assign(live.dataset.then || location.href); }
    }
    ["message", "run", "done"].forEach((name) => source.addEventListener(name, show));
    source.onerror = () => { source.close(); setTimeout(() => location.reload(), 2000); };
  }

  // A form that was sent cannot be sent twice by a second click; whatever it does is safe to repeat anyway.
  all("form[method=post]").forEach((form) => form.addEventListener("submit", () => {
    setTimeout(() => all("button", form).forEach((button) => { button.disabled = true; }), 0);
  }));
  window.addEventListener("pageshow", () => all("form[method=post] button[disabled]:not([data-off])").forEach((button) => { button.disabled = false; }));
  all("[data-close]").forEach((button) => button.addEventListener("click", () => button.closest("dialog").close()));
})();
