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
};

/** The colours of the theme that is shown. */
export function usePalette(): Palette {
  return useComputedColorScheme("light") === "dark" ? DARK : LIGHT;
}
