import { Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import "./preflight.css";
import { type MachineReport, machineQuery } from "@/api";
import { type JsonObject, numberIn, objectIn } from "@/lib/json";
import { formatBytes, formatCount, formatEnergy, formatMoney } from "@/lib/numbers";
import { type Forecast, forecastIn } from "@/lib/recipe";
import { formatDuration } from "@/lib/time";

/** What a training will probably need, against what this machine has. */
export function Forecasts({ plan }: { plan: JsonObject }) {
  const machine = useQuery(machineQuery());
  const tokens = numberIn(plan, "num_trained_tokens");
  return (
    <Stack gap="md">
      <Memory forecast={forecastIn(plan, "memory")} machine={machine.data ?? null} />
      <Need
        title="Disk"
        forecast={forecastIn(plan, "disk")}
        format={formatBytes}
        capacity={machine.data?.free_disk_bytes ?? null}
      />
      <section aria-label="Time">
        <Title order={3}>Time</Title>
        <Line forecast={forecastIn(plan, "time")} format={formatDuration} />
        <Text size="sm">
          {tokens === null
            ? "Trained tokens: not measured."
            : `${formatCount(tokens)} trained tokens in the train split.`}
        </Text>
      </section>
      {MORE.filter(({ name }) => Object.keys(objectIn(plan, name)).length > 0).map(({ name, title, format }) => (
        <section key={name} aria-label={title}>
          <Title order={3}>{title}</Title>
          <Line forecast={forecastIn(plan, name)} format={format} />
        </section>
      ))}
    </Stack>
  );
}

const MORE = [
  { name: "tokens", title: "Tokens through training", format: formatCount },
  { name: "energy", title: "Energy", format: formatEnergy },
  { name: "cost", title: "Cost", format: formatMoney },
];

function Memory({ forecast, machine }: { forecast: Forecast; machine: MachineReport | null }) {
  if (machine !== null && machine.facts.gpus.length > 0) {
    return (
      <section aria-label="Memory">
        <Title order={3}>Memory</Title>
        <Line forecast={forecast} format={formatBytes} />
        <Text size="sm" c="dimmed">
          It runs on {machine.facts.gpus.join(", ")}. The check of memory fit says what is free there; nothing is drawn
          against it.
        </Text>
      </section>
    );
  }
  const facts = machine?.facts ?? null;
  return (
    <Need
      title="Memory"
      forecast={forecast}
      format={formatBytes}
      capacity={facts?.free_memory_bytes ?? null}
      whole={facts?.memory_bytes ?? null}
    />
  );
}

type NeedProps = {
  title: string;
  forecast: Forecast;
  format: (value: number) => string;
  /** What is free now. */
  capacity: number | null;
  /** What there is at all, used or not. */
  whole?: number | null;
};

function Need({ title, forecast, format, capacity, whole = null }: NeedProps) {
  const { low, expected, high } = forecast;
  return (
    <section aria-label={title}>
      <Title order={3}>{title}</Title>
      <Line forecast={forecast} format={format} />
      {low !== null && expected !== null && high !== null && capacity !== null && (
        <Bar
          label={`${title}: ${format(low)} to ${format(high)} of ${format(capacity)} that are free`}
          parts={{ low, expected, high, capacity, end: Math.max(whole ?? capacity, high, 1) }}
        />
      )}
      <Text size="sm" fw={high !== null && capacity !== null && high > capacity ? 600 : undefined}>
        {capacity === null ? "What is free is not known." : verdict(forecast, capacity, format)}
        {whole !== null && ` This machine has ${format(whole)}.`}
      </Text>
    </section>
  );
}

function verdict({ expected, high }: Forecast, capacity: number, format: (value: number) => string): string {
  const free = `${format(capacity)} are free now`;
  if (expected === null || high === null) {
    return `${free}.`;
  }
  if (expected > capacity) {
    return `${free}: that is too little.`;
  }
  return high > capacity ? `${free}: it may be too little.` : `${free}: it fits.`;
}

function Line({ forecast, format }: { forecast: Forecast; format: (value: number) => string }) {
  const { low, expected, high, basis, provenance } = forecast;
  return (
    <>
      <Text size="sm">
        {expected === null ? (
          low === null ? (
            "Not measured"
          ) : (
            `At least ${format(low)}`
          )
        ) : (
          <>
            <strong>{format(expected)}</strong>
            {low !== null && high !== null && high > low && `, between ${format(low)} and ${format(high)}`} (
            {wordFor(provenance, low === high)})
          </>
        )}
      </Text>
      {basis !== "" && (
        <Text size="xs" c="dimmed" className="studio-wrap">
          From: {basis}
        </Text>
      )}
    </>
  );
}

function wordFor(provenance: string, isExact: boolean): string {
  if (isExact) {
    return "counted";
  }
  return provenance === "mixed" ? "estimated, and corrected by what trainings took on this machine" : provenance;
}

type Parts = { low: number; expected: number; high: number; capacity: number; end: number };

/** What is needed as a bar, its uncertainty lighter, what is free as a line across. */
function Bar({ label, parts }: { label: string; parts: Parts }) {
  const share = (value: number) => Math.min(100, (100 * value) / parts.end);
  const isTooMuch = parts.high > parts.capacity;
  return (
    <svg
      className="preflight-bar"
      viewBox="0 0 100 12"
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
      data-too-much={isTooMuch || undefined}
    >
      <rect className="preflight-whole" x="0" y="2" width="100" height="8" />
      <rect className="preflight-free" x="0" y="2" width={share(parts.capacity)} height="8" />
      <rect className="preflight-maybe" x="0" y="2" width={share(parts.high)} height="8" />
      <rect className="preflight-need" x="0" y="2" width={share(parts.expected)} height="8" />
      <line className="preflight-limit" x1={share(parts.capacity)} x2={share(parts.capacity)} y1="0" y2="12" />
    </svg>
  );
}
