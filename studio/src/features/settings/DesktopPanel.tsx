import { Button, Text } from "@mantine/core";
import { useState } from "react";

import { Panel } from "@/components/Panel";

const STATES: Record<NotificationPermission, string> = {
  default: "While this tab is in the background, its browser can tell you when a job ends. It has not been asked yet.",
  granted: "While this tab is in the background, this browser tells you what the bell gets.",
  denied: "This browser refuses them for this address. Allow them in its settings for this page, then load it anew.",
};

/** Whether this browser may tell on the desktop what the bell gets. */
export function DesktopPanel() {
  const isPossible = "Notification" in window;
  const [permission, setPermission] = useState<NotificationPermission>(isPossible ? Notification.permission : "denied");
  return (
    <Panel title="Desktop notifications">
      <Text size="sm" mb={permission === "default" ? "xs" : 0}>
        {isPossible ? STATES[permission] : "This browser has none."}
      </Text>
      {isPossible && permission === "default" && (
        <Button size="xs" variant="default" onClick={() => void Notification.requestPermission().then(setPermission)}>
          Allow in this browser
        </Button>
      )}
    </Panel>
  );
}
