"use strict";
// Fills the plots of a page. It loads nothing, and makes no text into HTML but titles, which the
// program that wrote the page has escaped.
(() => {
  const byId = (name) => document.getElementById(name);
  const data = JSON.parse(byId("report-data").textContent);
  const TYPES = { float32: Float32Array, float64: Float64Array, int32: Int32Array };
  const EMPTY = new Float32Array(0);
  const PLAIN = "#0072B2";
  const marks = window.scbsimReport = { plots: new Map(), drawn: null, ready: false };
  let copies = 0;

  async function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed.gzip), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const whole = new TYPES[packed.type](await new Response(stream).arrayBuffer());
    const [rows, size] = packed.shape;
    if (size === undefined) return whole;
    return Array.from({ length: rows }, (_, i) => whole.subarray(i * size, (i + 1) * size));
  }

  // Each copy of a plot has a name of its own, since Bokeh finds its plots by it.
  async function embed(item, target) {
    const own = `${item.root_id}-${copies++}`;
    const text = JSON.stringify(item).replaceAll(`"${item.root_id}"`, `"${own}"`);
    const views = await Bokeh.embed.embed_item(JSON.parse(text), target.id);
    const view = [...views][0];
    const plot = { view, model: view.model, target };
    marks.plots.set(target.id, plot);
    keys(plot);
    if (matchMedia("(pointer: coarse)").matches) {
      // A finger on a plot scrolls the page, until a tool is chosen.
      for (const tool of view.model.toolbar.tools) if (tool.type === "PanTool") tool.active = false;
      const surface = view.canvas_view && view.canvas_view.events_el;
      if (surface) surface.style.touchAction = "pan-y";
    }
    return plot;
  }

  // One plot after the other, each with a frame of its own: the first is there early.
  let queue = Promise.resolve();
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const enqueue = (job) => { queue = queue.then(job).then(frame).catch((error) => { console.error(error); }); };

  const part = (plot, name) => plot.model.renderers.find((each) => each.name === name);

  // Arrow keys, + - and 0, for whoever has no pointer.
  function keys(plot) {
    const { target, model } = plot;
    target.tabIndex = 0;
    target.setAttribute("role", "group");
    const title = target.parentElement.querySelector("h3");
    target.setAttribute("aria-label", `Plot: ${title ? title.textContent : "what varies"}`);
    if (target.dataset.keys) return;
    target.dataset.keys = "yes";
    const moved = (range, log, shift, factor) => {
      const [to, from] = log ? [Math.log, Math.exp] : [(x) => x, (x) => x];
      const [a, b] = [to(range.start), to(range.end)];
      const middle = (a + b) / 2 + shift * (b - a);
      const half = ((b - a) / 2) * factor;
      range.setv({ start: from(middle - half), end: from(middle + half) });
    };
    target.addEventListener("keydown", (event) => {
      const at = marks.plots.get(target.id);
      if (!at || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey && event.key.startsWith("Arrow")) return;
      const { x_range: x, y_range: y } = at.model;
      const log = (scale) => scale.type === "LogScale";
      const [of_x, of_y] = [log(at.model.x_scale), log(at.model.y_scale)];
      const act = {
        ArrowLeft: () => moved(x, of_x, -0.1, 1), ArrowRight: () => moved(x, of_x, 0.1, 1),
        ArrowUp: () => moved(y, of_y, 0.1, 1), ArrowDown: () => moved(y, of_y, -0.1, 1),
        "+": () => moved(x, of_x, 0, 0.8), "=": () => moved(x, of_x, 0, 0.8),
        "-": () => moved(x, of_x, 0, 1.25), 0: () => at.view.reset(),
      }[event.key];
      if (act) { act(); event.preventDefault(); }
    });
  }

  // The vertical axis covers what is visible, and a reset returns to that.
  function cover(plot, rows, log) {
    let [low, high] = [Infinity, -Infinity];
    for (const row of rows) {
      for (const y of row) {
        if (!Number.isFinite(y) || log && y <= 0) continue;
        if (y < low) low = y;
        if (y > high) high = y;
      }
    }
    if (low > high) [low, high] = log ? [0.1, 1] : [0, 1];
    const room = log ? 1.1 * (high / low) ** 0.03 : 0.04 * (high - low) || 0.04 * Math.abs(high) || 1;
    const [start, end] = log ? [low / room, high * room] : [low - room, high + room];
    plot.model.y_range.setv({ start, end, reset_start: start, reset_end: end });
  }

  function logarithmic(plot, log) {
    const name = log ? "LogScale" : "LinearScale";
    if (plot.model.y_scale.type !== name) plot.model.y_scale = new (Bokeh.Models.get(name))();
    for (const axis of plot.model.left) axis.visible = (axis.name === "log") === log;
  }

  // ---- curves ----
  const curves = data.curves;
  const count = curves ? curves.labels.length : 0;
  const state = { color: "", multiples: "", observable: 0, scale: "", parameter: "",
    hidden: new Set(), selected: [], alone: false, x: null };
  let shown = [];
  let scatter = null;

  const value = (name, none = "") => (byId(name) ? byId(name).value : none);
  const colorOf = (i) => {
    const key = curves.keys[state.color];
    return key ? key.colors[key.codes[i]] : PLAIN;
  };
  const visible = (i) => {
    const key = curves.keys[state.color];
    if (state.alone && state.selected.length && !state.selected.includes(i)) return false;
    return !(key && state.hidden.has(key.codes[i]));
  };

  const unpacked = new Map();
  function steps(at) {
    if (!unpacked.has(at)) unpacked.set(at, unpack(curves.steps[at]));
    return unpacked.get(at);
  }

  async function numbers(panel) {
    if (!panel.numbers) {
      panel.numbers = (async () => {
        const [x, y] = await Promise.all([steps(panel.x), unpack(panel.y)]);
        const band = panel.band && {
          rows: panel.band.rows,
          low: await unpack(panel.band.low),
          high: await unpack(panel.band.high),
        };
        return { x: (i) => (Array.isArray(x) ? x[i] : x), y, band };
      })();
    }
    return panel.numbers;
  }

  function fill(each) {
    const { panel, found, member, plot } = each;
    const log = isLog(panel);
    // A logarithmic axis has no place for 0.
    const drawable = (row) => (log && row.some((y) => y <= 0) ? row.map((y) => (y > 0 ? y : NaN)) : row);
    const rows = Array.from({ length: count }, (_, i) => member(i) && visible(i));
    const few = count <= 8;
    const columns = { xs: [], ys: [], color: [], label: curves.labels, width: [] };
    for (let i = 0; i < count; i++) {
      columns.xs.push(rows[i] ? found.x(i) : EMPTY);
      columns.ys.push(rows[i] ? drawable(found.y[i]) : EMPTY);
      columns.color.push(colorOf(i));
      const above = found.band && found.band.rows.includes(i);
      columns.width.push(few || above ? 2 : 1);
    }
    const band = { xs: [], ys: [], color: [] };
    (found.band ? found.band.rows : []).forEach((i, at) => {
      if (!rows[i]) return;
      const [x, low, high] = [found.x(i), found.band.low[at], found.band.high[at]];
      const there = [...x.keys()].filter((j) => Number.isFinite(low[j]) && Number.isFinite(high[j]) && !(log && high[j] <= 0));
      const least = Math.min(...there.map((j) => found.y[i][j]).filter((y) => y > 0));
      const floor = (y) => (log ? Math.max(y, least / 10) : y);
      band.xs.push([...there.map((j) => x[j]), ...there.reverse().map((j) => x[j])]);
      const back = [...there];
      there.reverse();
      band.ys.push([...there.map((j) => floor(low[j])), ...back.map((j) => floor(high[j]))]);
      band.color.push(colorOf(i));
    });
    const stars = panel.stars.filter(([i]) => rows[i]);
    const star = { x: stars.map((s) => s[1]), y: stars.map((s) => s[2]), color: stars.map((s) => colorOf(s[0])) };
    logarithmic(plot, log);
    cover(plot, [...columns.ys, ...band.ys, star.y], log);
    part(plot, "band").data_source.data = band;
    part(plot, "lines").data_source.data = columns;
    part(plot, "stars").data_source.data = star;
    part(plot, "lines").data_source.selected.indices = [...state.selected];
  }

  const isLog = (panel) => (state.scale ? state.scale === "log" : panel.log);

  function extent() {
    if (!curves.extent) {
      curves.extent = (async () => {
        let [low, high] = [Infinity, -Infinity];
        for (const at of curves.steps.keys()) {
          const x = await steps(at);
          for (const row of Array.isArray(x) ? x : [x]) {
            for (const step of row) { if (step < low) low = step; if (step > high) high = step; }
          }
        }
        if (!(low < high)) return [low - 0.5, low + 0.5];
        if (curves.x !== "step") return [low / 1.2, high * 1.2];
        return [low - 0.02 * (high - low), high + 0.02 * (high - low)];
      })();
    }
    return curves.extent;
  }

  async function draw(target, each) {
    const found = await numbers(each.panel);
    const range = state.x || await extent();
    if (!target.isConnected) return;
    const plot = await embed(data.templates.panel, target);
    Object.assign(each, { plot, found });
    const { x_range } = plot.model;
    // A reset returns to this.
    x_range.setv({ start: range[0], end: range[1], reset_start: (await extent())[0], reset_end: (await extent())[1] });
    fill(each);
    shown.push(each);
    x_range.change.connect(() => follow(x_range));
    const { selected } = part(plot, "lines").data_source;
    selected.properties.indices.change.connect(() => select(selected.indices));
    if (marks.drawn === null) {
      marks.drawn = 0;
      requestAnimationFrame(() => requestAnimationFrame(() => { marks.drawn = performance.now(); }));
    }
  }

  // All panels share what is seen of the horizontal axis, and what is selected.
  let following = false;
  function follow(range) {
    if (following) return;
    following = true;
    state.x = [range.start, range.end];
    for (const { plot } of shown) plot.model.x_range.setv({ start: range.start, end: range.end });
    following = false;
  }

  let selecting = false;
  function select(indices) {
    if (selecting) return;
    selecting = true;
    state.selected = [...indices].sort((a, b) => a - b);
    if (state.alone) shown.forEach(fill);
    for (const { plot } of shown) part(plot, "lines").data_source.selected.indices = [...state.selected];
    if (scatter) part(scatter, "dots").data_source.selected.indices = [...state.selected];
    const list = byId("rows");
    if (list) {
      const there = new Set(state.selected);
      for (const option of list.options) option.selected = there.has(Number(option.value));
      const n = state.selected.length;
      byId("selected").textContent = n ? `${n} of ${count} curves selected` : "";
    }
    selecting = false;
  }

  // Only what comes into sight is drawn.
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const job = entry.isIntersecting && entry.target.job;
      if (job) { watcher.unobserve(entry.target); entry.target.job = null; enqueue(job); }
    }
  }, { rootMargin: "150px" });

  function place(parent, name, title) {
    const figure = document.createElement("figure");
    const head = document.createElement("h3");
    if (title.html) head.innerHTML = title.html; else head.textContent = title.text;
    const target = document.createElement("div");
    Object.assign(target, { id: name, className: "plot" });
    figure.append(head, target);
    parent.append(figure);
    return target;
  }

  function panels() {
    for (const { plot } of shown) { plot.view.remove(); marks.plots.delete(plot.target.id); }
    shown = [];
    const parent = byId("panels");
    parent.replaceChildren();
    const key = curves.keys[state.multiples];
    const wanted = key
      ? key.names.map((name, code) => ({ panel: curves.panels[state.observable], name: `multiple-${code}`,
        title: { text: `${state.multiples} = ${name}` }, member: (i) => key.codes[i] === code }))
      : curves.panels.map((panel) => ({ panel, name: `panel-${panel.name}`,
        title: { html: panel.title }, member: () => true }));
    for (const each of wanted) {
      const target = place(parent, each.name, each.title);
      target.job = () => draw(target, each);
      watcher.observe(target);
    }
  }

  function legend() {
    const parent = byId("legend");
    parent.replaceChildren();
    state.hidden.clear();
    const key = curves.keys[state.color];
    if (!key) return;
    key.names.forEach((name, code) => {
      const button = document.createElement("button");
      const swatch = document.createElement("i");
      swatch.style.background = key.colors[code];
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      button.append(swatch, name);
      button.addEventListener("click", () => {
        const on = state.hidden.delete(code) || !state.hidden.add(code);
        button.setAttribute("aria-pressed", String(on));
        shown.forEach(fill);
        parameters();
      });
      parent.append(button);
    });
  }

  async function parameters() {
    const target = byId("parameters");
    const key = curves.keys[state.parameter];
    if (!target || !key || !scatter) return;
    const panel = curves.panels[state.observable];
    panel.ends = panel.ends || await unpack(panel.last);
    const { model } = scatter;
    const y = [...panel.ends].map((end, i) => (visible(i) ? end : NaN));
    const source = part(scatter, "dots").data_source;
    source.data = { x: [...key.codes], y, color: key.codes.map((_, i) => colorOf(i)), label: curves.labels };
    source.selected.indices = [...state.selected];
    logarithmic(scatter, isLog(panel));
    cover(scatter, [y], isLog(panel));
    const stride = Math.ceil(key.names.length / 8);
    const ticks = [...key.names.keys()].filter((i) => i % stride === 0);
    const [axis] = model.below;
    axis.major_label_overrides = new Map(ticks.map((i) => [i, key.names[i]]));
    axis.ticker.ticks = ticks;
    const ends = { start: -0.5, end: key.names.length - 0.5 };
    model.x_range.setv({ ...ends, reset_start: ends.start, reset_end: ends.end });
    axis.axis_label = new (Bokeh.Models.get("PlainText"))({ text: state.parameter });
    byId("parameters-title").textContent = `${panel.name} at the end, by ${state.parameter}`;
    target.setAttribute("aria-label", `Plot: ${byId("parameters-title").textContent}`);
  }

  function control(name, apply) {
    const element = byId(name);
    if (element) element.addEventListener("change", () => { state[name] = element.value; apply(); });
  }

  function startCurves() {
    state.color = value("color");
    state.parameter = value("parameter");
    control("color", () => { legend(); shown.forEach(fill); parameters(); });
    control("scale", () => { shown.forEach(fill); parameters(); });
    control("multiples", panels);
    control("parameter", parameters);
    control("observable", () => {
      state.observable = curves.panels.findIndex((panel) => panel.name === state.observable);
      if (state.multiples) panels();
      parameters();
    });
    legend();
    panels();
    const target = byId("parameters");
    if (target) {
      target.job = async () => {
        scatter = await embed(data.templates.parameters, target);
        await parameters();
        const { selected } = part(scatter, "dots").data_source;
        selected.properties.indices.change.connect(() => select(selected.indices));
      };
      watcher.observe(target);
    }
    const list = byId("rows");
    if (!list) return;
    list.append(...curves.labels.map((label, i) => new Option(label, i)));
    list.addEventListener("change", () => select([...list.selectedOptions].map((o) => Number(o.value))));
    byId("clear").addEventListener("click", () => select([]));
    byId("alone").addEventListener("click", () => {
      state.alone = !state.alone;
      byId("alone").setAttribute("aria-pressed", String(state.alone));
      shown.forEach(fill);
      parameters();
    });
  }

  // ---- a phase diagram ----
  function startPhase() {
    const { rules, x, y } = data.phase;
    const names = Object.keys(rules);
    const quoted = (word) => (/^[\w.,:=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
    const tell = (rule, at) => {
      const [i, j] = [Math.floor(at / x.length), at % x.length];
      const words = [...rules[rule], x[j], y[i]].map((word) => `--set ${quoted(word)}`);
      const plot = marks.plots.get(`phase-${rule}`);
      const { data: columns } = part(plot, "cells").data_source;
      const of = (name) => columns[name][at];
      byId("point").textContent = `${rule}, ${x[j]}, ${y[i]}: ${of("recovered")} of ${of("replicas")} runs recovered, ${of("diverged")} diverged`;
      byId("point-command").parentElement.hidden = false;
      byId("point-command").textContent = `scbsim run spec.toml -o point.h5 ${words.join(" ")}`;
    };
    names.forEach((rule) => {
      const target = byId(`phase-${rule}`);
      if (!target) return;
      target.job = async () => {
        const plot = await embed(data.plots[`phase-${rule}`], target);
        if (marks.drawn === null) marks.drawn = performance.now();
        const { selected } = part(plot, "cells").data_source;
        selected.properties.indices.change.connect(() => {
          const [at] = selected.indices;
          if (at === undefined) return;
          tell(rule, at);
          for (const other of names) {
            const there = marks.plots.get(`phase-${other}`);
            if (there) part(there, "cells").data_source.selected.indices = [at];
          }
        });
        target.addEventListener("keydown", (event) => {
          const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: x.length, ArrowDown: -x.length }[event.key];
          if (!step || !event.shiftKey) return;
          event.preventDefault();
          const next = (selected.indices[0] ?? -step) + step;
          if (next >= 0 && next < x.length * y.length) selected.indices = [next];
        });
        show();
      };
      watcher.observe(target);
    });
    const show = () => {
      const quantity = byId("quantity").value;
      for (const rule of names) {
        const plot = marks.plots.get(`phase-${rule}`);
        if (!plot) continue;
        const cells = part(plot, "cells");
        const { glyph, data_source } = cells;
        const values = [...data_source.data[quantity]].filter(Number.isFinite);
        const [low, high] = quantity === "share" ? [0, 1] : [Math.min(...values), Math.max(...values)];
        const { transform } = glyph.fill_color;
        transform.setv({ low, high: high > low ? high : low + 1 });
        for (const each of [glyph, cells.selection_glyph, cells.nonselection_glyph]) {
          each.fill_color = { field: quantity, transform };
          if (each !== cells.selection_glyph) each.line_color = { field: quantity, transform };
        }
      }
    };
    byId("point-command").parentElement.hidden = true;
    byId("quantity").addEventListener("change", show);
  }

  // ---- everything else ----
  function startPlots() {
    for (const [name, item] of Object.entries(data.plots || {})) {
      const target = byId(name);
      if (name.startsWith("phase-") || !target) continue;
      target.job = () => embed(item, target);
      watcher.observe(target);
    }
  }

  function startCopies() {
    for (const button of document.querySelectorAll("[data-copies]")) {
      button.addEventListener("click", async () => {
        const text = byId(button.dataset.copies);
        try {
          await navigator.clipboard.writeText(text.textContent);
          button.textContent = "Copied";
        } catch {
          // A page from a file may not write to the clipboard everywhere; it can be copied by hand.
          getSelection().selectAllChildren(text);
          button.textContent = "Selected";
        }
        setTimeout(() => { button.textContent = "Copy"; }, 2000);
      });
    }
  }

  if (curves) startCurves();
  if (data.phase) startPhase();
  startPlots();
  startCopies();
  marks.ready = true;
})();
