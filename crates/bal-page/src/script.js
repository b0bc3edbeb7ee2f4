'use strict';
(() => {
  const root = document.documentElement;
  let errors = 0;
  const failed = () => { root.dataset.errors = String(++errors); };
  root.dataset.errors = '0';
  addEventListener('error', failed, true);
  addEventListener('unhandledrejection', failed);
  document.addEventListener('securitypolicyviolation', failed);

  addEventListener('DOMContentLoaded', () => {
    const tip = document.getElementById('tip');
    let shown = null;
    const hide = () => { if (shown) shown.classList.remove('at'); shown = null; tip.hidden = true; };
    const show = (point) => {
      if (point === shown) return;
      hide();
      shown = point;
      point.classList.add('at');
      tip.textContent = point.getAttribute('aria-label');
      tip.hidden = false;
      const box = point.getBoundingClientRect(), own = tip.getBoundingClientRect();
      const left = Math.min(Math.max(4, box.left + box.width / 2 - own.width / 2), root.clientWidth - own.width - 4);
      const above = box.top - own.height - 8;
      tip.style.left = left + 'px';
      tip.style.top = (above > 4 ? above : box.bottom + 8) + 'px';
    };

    for (const plot of document.querySelectorAll('svg.plot')) {
      const points = [...plot.querySelectorAll('.p')];
      // The browser's own tips would come on top of ours.
      for (const point of points) {
        const title = point.querySelector('title');
        point.setAttribute('aria-label', title.textContent);
        point.setAttribute('role', 'img');
        point.setAttribute('tabindex', '-1');
        title.remove();
      }
      const middles = () => points.map((point) => {
        const box = point.getBoundingClientRect();
        return { point, x: box.left + box.width / 2, y: box.top + box.height / 2, w: box.width / 2, h: box.height / 2 };
      });
      const far = (d, half) => Math.max(0, Math.abs(d) - half);
      const touch = (event) => {
        let best = null, least = 24;
        for (const m of middles()) {
          const d = Math.hypot(far(event.clientX - m.x, m.w), far(event.clientY - m.y, m.h));
          if (d < least) { least = d; best = m.point; }
        }
        if (best) show(best); else hide();
      };
      plot.addEventListener('pointermove', touch);
      plot.addEventListener('pointerdown', touch);
      plot.addEventListener('pointerleave', hide);
      plot.addEventListener('keydown', (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        const end = { Home: 0, End: points.length - 1 }[event.key];
        if (event.key === 'Escape') { plot.focus(); hide(); return; }
        if (step === undefined && end === undefined || !points.length) return;
        event.preventDefault();
        const now = points.indexOf(document.activeElement);
        const next = end !== undefined ? end : now < 0 ? 0 : Math.min(Math.max(now + step, 0), points.length - 1);
        points[next].focus();
      });
      plot.addEventListener('focusin', (event) => { if (event.target !== plot) show(event.target); });
      plot.addEventListener('focusout', hide);
    }
    addEventListener('scroll', hide, { passive: true });

    let closed = [];
    addEventListener('beforeprint', () => {
      closed = [...document.querySelectorAll('details:not([open], .long)')];
      for (const each of closed) each.open = true;
    });
    addEventListener('afterprint', () => { for (const each of closed) each.open = false; });
  });

  // What a test reads: whether the page is whole in a window of this size.
  addEventListener('load', () => {
    const count = (name, value) => { root.dataset[name] = String(value); };
    const images = [...document.images];
    count('figures', document.querySelectorAll('figure').length);
    count('plots', document.querySelectorAll('svg.plot').length);
    count('broken', images.filter((image) => !image.complete || image.naturalWidth === 0).length);
    count('overflow', root.scrollWidth - root.clientWidth);
    if (location.hash !== '#check') return;
    let clipped = 0, overlapping = 0, empty = 0;
    const said = [];
    for (const plot of document.querySelectorAll('svg.plot')) {
      const view = plot.viewBox.baseVal;
      if (!plot.querySelector('.p')) { empty++; said.push('empty: ' + plot.getAttribute('aria-label')); }
      const boxes = [...plot.querySelectorAll('text')].filter((text) => text.textContent.trim());
      const rows = boxes.map((text) => ({ text, box: text.getBoundingClientRect() }));
      const frame = plot.getBoundingClientRect();
      const beyond = frame.width / view.width;
      rows.forEach(({ text, box }, i) => {
        if (box.left < frame.left - beyond || box.right > frame.right + beyond
          || box.top < frame.top - beyond || box.bottom > frame.bottom + beyond) {
          clipped++; said.push('clipped: ' + text.textContent);
        }
        for (const other of rows.slice(i + 1)) {
          const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
          const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
          // Boxes have room above and below their letters.
          if (across > 1 && down > 0.3 * Math.min(box.height, other.box.height)) {
            overlapping++; said.push('overlapping: ' + text.textContent + ' | ' + other.text.textContent);
          }
        }
      });
    }
    count('clipped', clipped);
    count('overlapping', overlapping);
    count('empty', empty);
    count('width', root.clientWidth);
    root.dataset.said = said.slice(0, 20).join('; ');
  });
})();
