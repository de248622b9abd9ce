import { AlertsPanel } from "./AlertsPanel";
import { DesktopPanel } from "./DesktopPanel";
import { EnginesPanel } from "./EnginesPanel";
import { MachinePanel } from "./MachinePanel";
import { ThresholdsPanel } from "./ThresholdsPanel";
import { TokenPanel } from "./TokenPanel";
import { Page } from "@/components/Page";

/** What this server and this browser go by. */
export function SettingsPage() {
  return (
    <Page title="Settings" lead="Files decide; this page shows what counts, and where it was said.">
      <MachinePanel />
      <EnginesPanel />
      <AlertsPanel />
      <DesktopPanel />
      <TokenPanel />
      <ThresholdsPanel />
    </Page>
  );
}
