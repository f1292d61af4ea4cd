// Saves the reload: messages come by server-sent events, forms are sent in place. Without it the page works by forms and links alone.
"use strict";

const places = new Map([...document.querySelectorAll("[data-phone]")].map((place) => [place.dataset.phone, place]));

// What comes

function listen() {
  if (places.size === 0) return;
  const query = [...places.keys()].map((key) => `phone=${encodeURIComponent(key)}`).join("&");
  const source = new EventSource(`/simulator/stream?${query}`);
  const line = document.getElementById("line");
  source.onopen = () => { line.textContent = ""; };
  source.onerror = () => { line.textContent = "Not connected. Trying again …"; };
  source.onmessage = (event) => apply(JSON.parse(event.data));
}

function apply(change) {
  if (change.now) document.getElementById("now").textContent = change.now;
  const place = places.get(change.phone);
  if (!place) return;
  const log = place.querySelector(".log");
  const news = change.entries.filter((entry) => put(log, entry));
  place.querySelector(".typing").hidden = !change.answering;
  if (news.length > 0) toTheEnd(place);
  if (news.length > 0 && !place.classList.contains("shown")) markNews(change.phone, true);
}

// Puts one message in its place; true if it was not there before.
function put(log, { id, html }) {
  const drawn = document.createElement("template");
  drawn.innerHTML = html;
  const entry = drawn.content.firstElementChild;
  const old = document.getElementById(id);
  if (old) {
    if (old.outerHTML !== entry.outerHTML && !old.contains(document.activeElement)) old.replaceWith(entry);
    return false;
  }
  const later = [...log.children].find((other) => Number(other.dataset.order) > Number(entry.dataset.order));
  log.insertBefore(entry, later ?? null);
  return true;
}

function toTheEnd(place) {
  place.querySelector(".scroll").scrollTop = 0; // the end, since it is laid out from there
}

// What is sent

async function send(form, button) {
  const place = form.closest("[data-phone]");
  const field = place.querySelector("textarea");
  const trouble = place.querySelector(".trouble");
  const sent = new URLSearchParams(new FormData(form, button));
  if (form.classList.contains("composer") && button?.value === "text" && field.value.trim() === "") return;
  trouble.textContent = "";
  closeDetails(form.querySelector("details"));
  const written = field.value;
  if (form.contains(field)) field.value = "";
  try {
    const response = await fetch(form.action, { method: "POST", body: sent, headers: { Simulator: "live" } });
    if (!response.ok) throw new Error(String(response.status));
  } catch {
    if (form.contains(field) && field.value === "") field.value = written;
    trouble.textContent = "That was not sent. Is the demo still running? Try again.";
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-live]")) return;
  event.preventDefault();
  send(event.target, event.submitter);
});

document.addEventListener("keydown", (event) => {
  const isEnter = event.key === "Enter" && !event.shiftKey && !event.isComposing;
  if (isEnter && event.target.matches(".composer textarea")) {
    event.preventDefault();
    event.target.form.requestSubmit(event.target.form.querySelector(".send"));
  }
  if (event.key === "Escape") closeDetails(event.target.closest("details[open]"), true);
});

// What is shown

document.addEventListener("click", (event) => {
  for (const details of document.querySelectorAll("details[open]")) {
    if (!details.contains(event.target)) closeDetails(details);
  }
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  const draft = event.target.closest("a[data-draft]");
  const tab = event.target.closest("a[data-show]");
  if (plain && (draft || tab)) event.preventDefault();
  if (plain && draft) useDraft(draft);
  if (plain && tab) show(tab.dataset.show);
});

function useDraft(link) {
  const field = link.closest("[data-phone]").querySelector("textarea");
  field.value = link.textContent;
  closeDetails(link.closest("details"));
  field.focus();
}

function show(key) {
  for (const [other, place] of places) place.classList.toggle("shown", other === key);
  for (const tab of document.querySelectorAll("a[data-show]")) {
    if (tab.dataset.show === key) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
  markNews(key, false);
  const address = new URL(document.querySelector(`a[data-show="${CSS.escape(key)}"]`).href);
  address.searchParams.delete("draft");
  history.replaceState(null, "", address);
}

function markNews(key, has) {
  const tab = document.querySelector(`a[data-show="${CSS.escape(key)}"]`);
  if (tab) tab.toggleAttribute("data-news", has);
}

function closeDetails(details, refocus = false) {
  if (!details) return;
  details.open = false;
  if (refocus) details.querySelector("summary").focus();
}

// Finding a phone

function find() {
  const field = document.getElementById("find");
  const people = [...document.querySelectorAll(".people li")];
  const narrow = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const person of people) person.hidden = !words.every((word) => person.dataset.words.includes(word));
    document.getElementById("found").textContent = people.every((person) => person.hidden) ? "Nobody here is like that." : "";
  };
  field.addEventListener("input", narrow);
  field.form.querySelector("button").hidden = true;
  // A search is narrowed while it is typed: sending it would only draw the page again.
  field.form.addEventListener("submit", (event) => event.preventDefault());
  document.querySelector(".chooser").addEventListener("toggle", (event) => { if (event.target.open) field.focus(); });
}

listen();
find();
