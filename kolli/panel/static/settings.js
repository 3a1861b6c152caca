// The settings pages: the colour that is picked and the one that is typed are the same.
"use strict";

document.querySelectorAll("[data-picks]").forEach((picker) => {
  const text = document.getElementById(picker.dataset.picks);
  const follow = () => { if (/^#[0-9a-f]{6}$/i.test(text.value.trim())) picker.value = text.value.trim(); };
  picker.addEventListener("input", () => { text.value = picker.value; });
  text.addEventListener("input", follow);
  follow();
});
