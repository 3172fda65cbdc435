// Keeps what is typed, so that leaving a sheet half keyed loses nothing. Without it the buttons do the same.
const form = document.querySelector("form[data-keep]");
const said = document.getElementById("kept");
let timer = 0;
let typed = false;

async function keep(last = false) {
  clearTimeout(timer);
  if (!typed) return;
  typed = false;
  const body = new URLSearchParams(new FormData(form));
  body.set("quiet", "1");
  try {
    const answer = await fetch(form.dataset.keep, { method: "POST", body, redirect: "manual", keepalive: last });
    if (answer.type !== "opaqueredirect") throw new Error(String(answer.status));
    said.textContent = `Kept at ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}.`;
  } catch {
    typed = true;
    said.textContent = "Not kept yet: no answer from the server. Do not close this page.";
    timer = setTimeout(keep, 5000);
  }
}

form?.addEventListener("input", () => {
  typed = true;
  clearTimeout(timer);
  timer = setTimeout(keep, 1500);
});
form?.addEventListener("submit", () => clearTimeout(timer));
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && keep(true));
