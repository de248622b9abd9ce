import { type CSSVariablesResolver, createTheme, Modal } from "@mantine/core";

export const theme = createTheme({
  primaryColor: "teal",
  // The shades at which white text on the colour, and the colour on the page, have a contrast of 4.5 and more.
  primaryShade: { light: 9, dark: 9 },
  defaultRadius: "sm",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  components: {
    // Its header is none of the page; as a landmark there would be two.
    Modal: Modal.extend({ defaultProps: { attributes: { header: { role: "presentation" } } } }),
  },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "1.375rem", lineHeight: "1.3" },
      h2: { fontSize: "1.0625rem", lineHeight: "1.35" },
      h3: { fontSize: "0.9375rem", lineHeight: "1.4" },
    },
  },
});

/** The library's quiet greys and reds are too faint for small text; these pass WCAG AA on its backgrounds. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#5a626a",
    "--mantine-color-placeholder": "#666e76",
    "--mantine-color-error": "#c92a2a",
    "--mantine-color-teal-light": "var(--mantine-color-teal-0)",
    "--mantine-color-teal-light-hover": "var(--mantine-color-teal-0)",
    "--mantine-primary-color-light-hover": "var(--mantine-color-teal-0)",
    "--mantine-color-blue-light": "var(--mantine-color-blue-0)",
    "--mantine-color-red-light": "var(--mantine-color-red-0)",
    "--mantine-color-orange-light": "var(--mantine-color-orange-0)",
    "--mantine-primary-color-light": "var(--mantine-color-teal-0)",
    "--studio-canvas": "#f7f8f9",
    "--studio-line": "#dfe3e6",
  },
  dark: {
    "--mantine-color-body": "#1c1f22",
    "--mantine-color-dimmed": "#a6adb4",
    "--mantine-color-placeholder": "#949ba2",
    "--mantine-color-error": "#ff8787",
    "--studio-canvas": "#141618",
    "--studio-line": "#33383d",
  },
});
