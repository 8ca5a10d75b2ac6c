#include "host/compare/ab_page.h"

namespace lathe {

const std::string_view kAbStyle = R"css(
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #fff; --band: #f3f5f8; --line: #d6dce3;
  --mark: #0a58a8; --on: #fff }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #9ba5b0; --paper: #14171b; --band: #1d2228;
  --line: #333b44; --mark: #7ab8ff; --on: #14171b } }
* { box-sizing: border-box }
body { margin: 1.6rem auto; padding: 0 1.4rem; max-width: 64rem; background: var(--paper); color: var(--ink);
  font: 15px/1.4 system-ui, sans-serif; overflow-wrap: anywhere }
nav { position: sticky; top: 0; z-index: 1; margin: .6rem 0; padding: .5rem 0; background: var(--paper);
border-bottom: 1px solid var(--line) }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.15rem; margin: 1.4rem 0 .2rem }
h3 { font-size: 1rem; font-weight: 500; margin: .7rem 0 .3rem } p { margin: .2rem 0 }
small, .keys, .figures, .note { color: var(--soft) } small { font-size: .84em; font-weight: 400 }
.excerpt { margin: .4rem 0; padding: .2rem .8rem .7rem; border: 1px solid var(--line); border-radius: .5rem;
background: var(--band) }
.excerpt.here { border-color: var(--mark); box-shadow: 0 0 0 1px var(--mark) }
.row { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center } .place { flex: 1 1 12rem }
button { padding: .35rem .8rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--paper);
  color: var(--ink); font: inherit; cursor: pointer }
button:disabled { color: var(--soft); cursor: default }
button[aria-pressed=true] { background: var(--mark); border-color: var(--mark); color: var(--on) }
button[aria-pressed=true] small { color: inherit }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px }
kbd { padding: 0 .35em; border: 1px solid var(--line); border-radius: .25em; font: inherit }
#trouble:empty { display: none } .blind .figures, .blind .version small { visibility: hidden }
)css";

// Every version of an excerpt plays all the time and only one is heard, so that a change is at the same sample.
const std::string_view kAbScript = R"js(
const byId = id => document.getElementById(id);
const excerpts = [...document.querySelectorAll('.excerpt')];
const score = {before: 0, after: 0};
let context, blind = false, current = null, ticket = 0;

const bytesOf = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));

class Excerpt {
  constructor(box) {
    this.box = box;
    this.buttons = [...box.querySelectorAll('.version')];
    this.play = box.querySelector('.play');
    this.place = box.querySelector('.place');
    this.order = this.buttons.map((_, i) => i);
    this.heard = 0;
    this.at = 0;
    this.play.addEventListener('click', () => this.toggle());
    this.buttons.forEach((button, i) => button.addEventListener('click', () => this.choose(i)));
    this.place.addEventListener('input', () => this.seek(Number(this.place.value)));
    this.show();
  }
  name(i) { return this.buttons[this.order[i]].dataset.name; }
  async load() {
    context ??= new AudioContext();
    this.buffers ??= await Promise.all([...this.box.querySelectorAll('template')].map(
      part => context.decodeAudioData(bytesOf(part.content.textContent).buffer)));
    this.place.max = this.buffers[0].duration;
  }
  async start() {
    const mine = ++ticket;
    if (current && current !== this) current.stop();
    current = this;
    await this.load();
    await context.resume();
    if (mine !== ticket) return;
    this.silence();
    const when = context.currentTime + 0.03;
    this.began = when - this.at;
    this.gains = this.buffers.map((buffer, i) => {
      const gain = context.createGain(), source = context.createBufferSource();
      gain.gain.value = i === this.order[this.heard] ? 1 : 0;
      source.buffer = buffer;
      source.loop = true;
      source.connect(gain).connect(context.destination);
      source.start(when, this.at);
      gain.source = source;
      return gain;
    });
    this.show();
    requestAnimationFrame(() => this.follow());
  }
  silence() {
    for (const gain of this.gains ?? []) { gain.source.stop(); gain.disconnect(); }
    this.gains = null;
  }
  stop() {
    this.at = this.time();
    this.silence();
    this.show();
  }
  toggle() {
    if (!this.gains) return this.start();
    ticket++;
    this.stop();
  }
  time() {
    if (!this.gains) return this.at;
    return Math.max(0, context.currentTime - this.began) % this.buffers[0].duration;
  }
  seek(to) {
    const length = this.buffers ? this.buffers[0].duration : 1;
    const isPlaying = !!this.gains;
    if (isPlaying) this.silence();
    this.at = Math.min(Math.max(0, to), length - 0.01);
    this.place.value = this.at;
    if (isPlaying) this.start();
  }
  follow() {
    if (!this.gains) return;
    this.place.value = this.time();
    requestAnimationFrame(() => this.follow());
  }
  choose(i) {
    if (i >= this.buttons.length || this.buttons[i].hidden) return;
    this.heard = i;
    if (!this.gains) return this.start();
    this.gains.forEach((gain, k) => gain.gain.setTargetAtTime(k === this.order[i] ? 1 : 0, context.currentTime, 0.003));
    this.show();
  }
  setBlind(on) {
    this.order = this.buttons.map((_, i) => i);
    if (on && Math.random() < 0.5) [this.order[0], this.order[1]] = [1, 0];
    this.heard = 0;
    if (this.gains) this.choose(0);
    this.show();
  }
  show(revealed) {
    this.box.classList.toggle('here', current === this);
    this.play.textContent = this.gains ? 'Stop' : 'Play';
    this.buttons.forEach((button, i) => {
      button.setAttribute('aria-pressed', String(current === this && i === this.heard));
      button.hidden = blind && i > 1;
      const letter = blind ? 'XY'[i] : null;
      button.querySelector('span').textContent =
        !letter ? button.dataset.name : revealed ? letter + ' is ' + this.name(i) : letter;
    });
  }
}

const players = excerpts.map(box => new Excerpt(box));
const tell = () => {
  byId('score').textContent = blind && score.before + score.after
    ? `preferred: before ${score.before}, after ${score.after}` : '';
};
const setBlind = on => {
  blind = on;
  document.body.classList.toggle('blind', on);
  byId('blind').setAttribute('aria-pressed', String(on));
  byId('prefer').disabled = byId('reveal').disabled = !on;
  for (const player of players) player.setBlind(on);
  byId('score').textContent = '';
};
const prefer = () => {
  if (!blind || !current) return;
  const name = current.name(current.heard);
  if (name in score) score[name]++;
  byId('score').textContent = `${score.before + score.after} noted`;
  current.setBlind(true);
};
const reveal = () => {
  if (!blind) return;
  for (const player of players) player.show(true);
  tell();
};
byId('blind').addEventListener('click', () => setBlind(!blind));
byId('prefer').addEventListener('click', prefer);
byId('reveal').addEventListener('click', reveal);
const step = by => {
  const at = Math.min(Math.max(0, players.indexOf(current) + by), players.length - 1);
  players[at].box.scrollIntoView({block: 'center'});
  players[at].start();
};
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.altKey || event.metaKey || !players.length) return;
  const on = current ?? players[0];
  const actions = {
    ' ': () => on.toggle(), x: () => on.choose(on.heard === 0 ? 1 : 0), b: () => setBlind(!blind), p: prefer, r: reveal,
    ArrowLeft: () => on.seek(on.time() - 1), ArrowRight: () => on.seek(on.time() + 1),
    ArrowUp: () => step(-1), ArrowDown: () => step(1)};
  const action = actions[event.key] ?? (/^[1-9]$/.test(event.key) ? () => on.choose(event.key - 1) : null);
  if (!action) return;
  event.preventDefault();
  action();
});
addEventListener('unhandledrejection', event => {
  byId('trouble').textContent = 'This browser cannot play it: ' + event.reason;
});
)js";

}  // namespace lathe
