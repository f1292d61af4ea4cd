// The pages work without this. It brings news to an open page, keeps the menu open where there is room, and saves a click here and there.
(() => {
  "use strict";

  const menu = document.getElementById("menu");
  const wide = window.matchMedia("(min-width: 60rem)");
  const fit = () => menu && (menu.open = wide.matches);
  fit();
  wide.addEventListener("change", fit);

  // A part of a page that names itself (id) and where it comes from (data-fresh) is fetched anew when something has changed.
  // What is being typed is in a form, and no such part holds one that is half filled in; nor does a button go from under a finger while news is on its way.
  const isInUse = (part) =>
    (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) || part.querySelector("details[open] form");
  const fresh = () => {
    for (const part of document.querySelectorAll("[data-fresh]")) {
      if (!isInUse(part)) htmx.ajax("GET", part.dataset.fresh, { target: part, swap: "outerHTML" });
    }
  };
  document.addEventListener("htmx:before:swap", (event) => {
    const { target, request } = event.detail.ctx;
    if (request?.method?.toUpperCase() === "GET" && target?.dataset?.fresh && isInUse(target)) event.preventDefault();
  });
  const where = document.body.dataset.live;
  if (where && document.querySelector("[data-fresh]")) {
    const news = new EventSource(where);
    news.addEventListener("message", fresh);
    window.addEventListener("pagehide", () => news.close());
  }

  // A form that saves itself at every tap, one save after the other, and says so beside its button.
  const saving = new WeakMap();
  const save = async (form) => {
    const fields = new FormData(form);
    fields.delete("form");
    const told = form.querySelector("[data-told]");
    told.textContent = "Saving";
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(fields), headers: { "HX-Request": "true" } });
      const isSaved = answer.status === 204 && !answer.headers.get("HX-Redirect");
      told.textContent = isSaved ? "Saved" : "Not saved: press Save";
      const picked = form.closest("details")?.querySelector("[data-picked]");
      if (isSaved && picked) {
        const words = [...form.querySelectorAll("input:checked + span")].map((chip) => `${chip.textContent}.`);
        picked.textContent = [...words, form.elements.line.value].join(" ").trim() || picked.dataset.picked;
      }
    } catch {
      told.textContent = "Not saved: no connection. Press Save";
    }
  };

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-save]");
    if (form) saving.set(form, (saving.get(form) ?? Promise.resolve()).then(() => save(form)));
    if (event.target.matches("[data-send]")) event.target.form.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    if (event.target.matches("[data-print]")) window.print();
    if (event.target.matches("[data-tick]")) {
      const on = event.target.dataset.tick === "all";
      for (const box of event.target.closest("form").querySelectorAll("input[type=checkbox]")) box.checked = on;
    }
    if (event.target.matches("[data-insert]")) {
      const area = document.getElementById(event.target.dataset.into);
      area.value = area.value ? `${area.value}\n${event.target.dataset.insert}` : event.target.dataset.insert;
      area.focus();
    }
  });
})();
