import { Button, Group, SegmentedControl, Select, Switch, Tooltip } from "@mantine/core";

export type Choices = { isDelta: boolean; isLog: boolean; isRobust: boolean; smoothing: number };

type ChartToolsProps = {
  choices: Choices;
  canDelta: boolean;
  isZoomed: boolean;
  onChange: (choices: Choices) => void;
  onReset: () => void;
  onPng: () => void;
  onCsv: () => void;
};

const SMOOTHING = [
  { value: "0", label: "No smoothing" },
  { value: "0.6", label: "Smoothing 0.6" },
  { value: "0.9", label: "Smoothing 0.9" },
  { value: "0.97", label: "Smoothing 0.97" },
];

/** How a chart is looked at, and taken along. */
export function ChartTools({ choices, canDelta, isZoomed, onChange, onReset, onPng, onCsv }: ChartToolsProps) {
  return (
    <Group gap="sm" justify="space-between">
      <Group gap="sm">
        <SegmentedControl
          size="xs"
          aria-label="What is drawn"
          value={choices.isDelta ? "delta" : "absolute"}
          onChange={(value) => onChange({ ...choices, isDelta: value === "delta" })}
          data={[
            { value: "delta", label: "Delta from base", disabled: !canDelta },
            { value: "absolute", label: "Absolute" },
          ]}
        />
        <Tooltip label="Deltas can be negative; choose Absolute" disabled={!choices.isDelta}>
          <div>
            <Switch
              size="xs"
              label="Log scale"
              checked={choices.isLog}
              disabled={choices.isDelta}
              onChange={(event) => onChange({ ...choices, isLog: event.currentTarget.checked })}
            />
          </div>
        </Tooltip>
        <Switch
          size="xs"
          label="Robust range"
          checked={choices.isRobust}
          onChange={(event) => onChange({ ...choices, isRobust: event.currentTarget.checked })}
        />
        <Select
          size="xs"
          w={140}
          aria-label="Smoothing"
          allowDeselect={false}
          data={SMOOTHING}
          value={String(choices.smoothing)}
          onChange={(value) => onChange({ ...choices, smoothing: Number(value) })}
        />
      </Group>
      <Group gap="xs">
        {isZoomed && (
          <Button size="compact-xs" variant="light" onClick={onReset}>
            Show all
          </Button>
        )}
        <Button size="compact-xs" variant="default" onClick={onPng}>
          PNG
        </Button>
        <Button size="compact-xs" variant="default" onClick={onCsv}>
          CSV
        </Button>
      </Group>
    </Group>
  );
}
