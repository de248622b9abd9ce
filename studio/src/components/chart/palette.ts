import { useComputedColorScheme } from "@mantine/core";

/** The colours of a chart. Each line has a contrast of 3 and more on its background. */
export type Palette = {
  train: string;
  trainFaint: string;
  evals: string;
  band: string;
  muted: string;
  grid: string;
  text: string;
  background: string;
  alert: string;
  bad: string;
  recovery: string;
  checkpoint: string;
  /** Of several trainings beside each other. */
  several: readonly string[];
};

const LIGHT: Palette = {
  train: "#0b7285",
  trainFaint: "#0b728573",
  evals: "#c2255c",
  band: "#c2255c26",
  muted: "#868e96",
  grid: "#e9ecef",
  text: "#495057",
  background: "#ffffff",
  alert: "#c05c00",
  bad: "#c92a2a",
  recovery: "#1864ab",
  checkpoint: "#5c636a",
  several: ["#0b7285", "#c2255c", "#1864ab", "#c05c00", "#862e9c", "#5c636a"],
};

const DARK: Palette = {
  train: "#3bc9db",
  trainFaint: "#3bc9db80",
  evals: "#faa2c1",
  band: "#faa2c12e",
  muted: "#868e96",
  grid: "#2f3439",
  text: "#ced4da",
  background: "#1c1f22",
  alert: "#ffa94d",
  bad: "#ff8787",
  recovery: "#74c0fc",
  checkpoint: "#adb5bd",
  several: ["#3bc9db", "#faa2c1", "#74c0fc", "#ffa94d", "#e599f7", "#ced4da"],
};

/** The colours of the theme that is shown. */
export function usePalette(): Palette {
  return useComputedColorScheme("light") === "dark" ? DARK : LIGHT;
}
