import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { makeSupportBundle } from "./queries";
import type { BundleLink } from "@/api";
import { ErrorNotice } from "@/components/ErrorNotice";
import { FactList } from "@/components/FactList";
import { Panel } from "@/components/Panel";
import { formatBytes, formatCount } from "@/lib/numbers";

/** A zip for those who help: made on demand, told what was taken out of it, and downloaded once. */
export function SupportBundle() {
  const bundle = useMutation({ mutationFn: makeSupportBundle });
  return (
    <Panel
      title="Support bundle"
      actions={
        <Button size="compact-xs" variant="default" loading={bundle.isPending} onClick={() => bundle.mutate()}>
          Make a bundle
        </Button>
      }
    >
      <Stack gap="xs">
        <Text size="sm">
          One zip with logs, settings, events and checks of this workspace, without secrets and personal data. It stays
          on this machine until you pass it on.
        </Text>
        {bundle.error !== null && <ErrorNotice error={bundle.error} />}
        {bundle.data !== undefined && <Made key={bundle.data.path} link={bundle.data} />}
      </Stack>
    </Panel>
  );
}

function Made({ link }: { link: BundleLink }) {
  const [isTaken, setIsTaken] = useState(false);
  const { bundle } = link;
  const kinds = Object.entries(bundle.redacted);
  return (
    <Stack gap="xs">
      <Group gap="sm">
        {isTaken ? (
          <Text size="sm">
            The download has begun. A link gives a bundle out once; make another one for another copy.
          </Text>
        ) : (
          <Button
            size="compact-sm"
            component="a"
            href={link.path}
            download="brewslm-support.zip"
            onClick={() => setIsTaken(true)}
          >
            Download {formatBytes(bundle.size_bytes)}
          </Button>
        )}
        {!isTaken && (
          <Text size="xs" c="dimmed">
            Good once, for {Math.round(link.good_for_seconds / 60)} minutes.
          </Text>
        )}
      </Group>
      <FactList
        facts={[
          [
            "SHA-256",
            <span key="hash" className="studio-mono studio-wrap">
              {bundle.sha256}
            </span>,
          ],
          [
            "Taken out",
            kinds.length === 0
              ? "nothing was found that had to be"
              : kinds.map(([kind, number]) => `${kind} (${formatCount(number)})`).join(", "),
          ],
        ]}
      />
      <Text size="xs" c="dimmed">
        Look through it before you pass it on: names of people, and what your own texts say, are not recognised.
      </Text>
    </Stack>
  );
}
