// SPDX-License-Identifier: Apache-2.0
// The drawing itself; loaded only when a chart is shown. Lines differ by dash as well as colour.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import type { Series } from '../api/types';

const HEIGHT = 220;
const lines = [
  { key: 'p50_ms', label: 'p50', dash: [], color: '--line-a' },
  { key: 'p95_ms', label: 'p95', dash: [8, 4], color: '--line-b' },
  { key: 'p99_ms', label: 'p99', dash: [2, 3], color: '--line-c' },
] as const;

const css = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function bands(series: Series) {
  return (u: uPlot): void => {
    const { ctx } = u;
    ctx.save();
    ctx.fillStyle = css('--band');
    for (const i of series.incidents) {
      const from = u.valToPos(Date.parse(i.opened_at) / 1000, 'x', true);
      const to = u.valToPos((i.closed_at ? Date.parse(i.closed_at) : Date.now()) / 1000, 'x', true);
      const left = Math.max(from, u.bbox.left);
      ctx.fillRect(left, u.bbox.top, Math.max(2, Math.min(to, u.bbox.left + u.bbox.width) - left), u.bbox.height);
    }
    ctx.restore();
  };
}

function optionsOf(series: Series, width: number): uPlot.Options {
  const axis = { stroke: css('--text-quiet'), grid: { stroke: css('--line') }, ticks: { stroke: css('--line') } };
  return {
    width,
    height: HEIGHT,
    hooks: { drawClear: [bands(series)] },
    axes: [axis, { ...axis, size: 60, values: (_u, v) => v.map((x) => `${x} ms`) }],
    series: [{}, ...lines.map((l) => ({
      label: l.label, stroke: css(l.color), width: 1.5, dash: [...l.dash], spanGaps: false, points: { size: 4 },
      value: (_u: uPlot, v: number | null) => (v === null ? '–' : `${v.toFixed(1)} ms`),
    }))],
  };
}

export default function ResponseChart({ series, label }: { series: Series; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!box.current) return;
    const el = box.current;
    const from = Date.parse(series.from) / 1000;
    const x = Array.from({ length: series.n }, (_, i) => from + i * series.step_s);
    const data = [x, ...lines.map((l) => series[l.key])] as uPlot.AlignedData;
    const plot = new uPlot(optionsOf(series, el.clientWidth), data, el);
    const watch = new ResizeObserver(() => plot.setSize({ width: el.clientWidth, height: HEIGHT }));
    watch.observe(el);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [series]);
  return <div ref={box} class="plot" role="img" aria-label={label} />;
}
