import { Group, Stack, Text, VisuallyHidden } from "@mantine/core";
import { memo, useEffect, useMemo, useState } from "react";
import type uPlot from "uplot";

import { type Choices, ChartTools } from "./ChartTools";
import { Cursor } from "./cursor";
import { Legend } from "./Legend";
import { Overlay } from "./marks";
import { dataOf, lossOptions } from "./lossOptions";
import { usePalette } from "./palette";
import { Plot } from "./Plot";
import type { PlotGroup } from "./plotGroup";
import { Readout } from "./Readout";
import type { Curve } from "@/lib/run/curve";
import type { Mark } from "@/lib/run/marks";
import type { LogRecord } from "@/lib/run/records";
import { tellCurve } from "@/lib/run/telling";
import { saveBlob } from "@/lib/saving";
import { hasFinite, layoutOf } from "@/lib/series/layout";

type LossChartProps = {
  curve: Curve;
  /** The spans to draw: those of the curve, in a part at a closer look. */
  logs: readonly LogRecord[];
  marks: readonly Mark[];
  group: PlotGroup;
  isZoomed: boolean;
  /** Under which files are saved. */
  name: string;
  onCsv: () => void;
};

const START: Choices = { isDelta: true, isLog: false, isRobust: false, smoothing: 0 };

/** The loss of a training against the untuned base. It is drawn again when one of these has changed, which are values. */
export const LossChart = memo(function LossChart(props: LossChartProps) {
  const { curve, logs, marks, group, isZoomed, name, onCsv } = props;
  const palette = usePalette();
  const [chosen, setChosen] = useState(START);
  const [cursor] = useState(() => new Cursor());
  const [plot, setPlot] = useState<uPlot | null>(null);
  const { evals, baseline } = curve;
  const canDelta =
    baseline !== null || evals.some((one) => one.delta !== null) || logs.some((one) => one.delta !== null);
  const isDelta = chosen.isDelta && canDelta;
  const isLog = chosen.isLog && !isDelta;
  const layout = useMemo(
    () => layoutOf({ logs, evals, baseline }, isDelta ? "delta" : "absolute", chosen.smoothing),
    [logs, evals, baseline, isDelta, chosen.smoothing],
  );
  const data = useMemo(() => dataOf(layout), [layout]);
  const level = isDelta ? 0 : baseline;
  const [overlay] = useState(() => new Overlay());
  useEffect(() => {
    overlay.set(marks, level === null ? null : { value: level, text: "untuned base" });
    if (plot !== null) {
      group.refit(plot);
    }
  }, [overlay, marks, level, plot, group]);
  const options = useMemo(
    () =>
      lossOptions({ isDelta, isLog, isRobust: chosen.isRobust, isSmooth: chosen.smoothing > 0 }, palette, group, {
        overlay,
        cursor,
      }),
    [isDelta, isLog, chosen.isRobust, chosen.smoothing, palette, group, overlay, cursor],
  );
  if (!hasFinite(layout)) {
    return (
      <Text c="dimmed" size="sm" py="xl" ta="center" role="status">
        {marks.some((mark) => mark.kind === "nonFinite")
          ? "No loss was a finite number so far."
          : "The curve begins with the first measured loss."}
      </Text>
    );
  }
  return (
    <Stack gap="xs">
      <ChartTools
        choices={{ ...chosen, isDelta, isLog }}
        canDelta={canDelta}
        isZoomed={isZoomed}
        onChange={setChosen}
        onReset={() => group.show(null)}
        onPng={() => plot !== null && savePlot(plot, palette.background, name)}
        onCsv={onCsv}
      />
      <Readout layout={layout} logs={logs} marks={marks} cursor={cursor} isDelta={isDelta} />
      <Plot
        options={options}
        data={data}
        height={340}
        label={`${isDelta ? "Loss less that of the untuned base" : "Loss"} over steps. ${tellCurve(curve, logs)}`}
        group={group}
        onReady={setPlot}
      />
      <Group justify="space-between" gap="xs" align="flex-start">
        <Legend isDelta={isDelta} isSmooth={chosen.smoothing > 0} layout={layout} marks={marks} palette={palette} />
        <Text size="xs" c="dimmed">
          Drag to zoom; Ctrl + wheel, + and −, 0 for all.
        </Text>
      </Group>
      <VisuallyHidden>{marks.slice(-20).map((mark) => `Step ${mark.step}: ${mark.text}. `)}</VisuallyHidden>
    </Stack>
  );
});

function savePlot(plot: uPlot, background: string, name: string): void {
  const { canvas } = plot.ctx;
  const picture = document.createElement("canvas");
  picture.width = canvas.width;
  picture.height = canvas.height;
  const pen = picture.getContext("2d");
  if (pen === null) {
    return;
  }
  pen.fillStyle = background;
  pen.fillRect(0, 0, picture.width, picture.height);
  pen.drawImage(canvas, 0, 0);
  picture.toBlob((blob) => {
    if (blob !== null) {
      saveBlob(blob, `${name}-loss.png`);
    }
  });
}
