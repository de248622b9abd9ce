import { Alert, Button, List, Text } from "@mantine/core";

import { ApiError } from "@/api";
import { Said } from "@/components/Said";

type ErrorNoticeProps = { error: Error; title?: string; onRetry?: () => void };

/** Why something could not be done, in the words of the server. */
export function ErrorNotice({ error, title = "That did not work", onRetry }: ErrorNoticeProps) {
  const findings = error instanceof ApiError && error.findings.length > 1 ? error.findings : [];
  return (
    <Alert color="red" variant="outline" title={title} role="alert">
      <Text size="sm">{error.message}</Text>
      {findings.length > 0 && (
        <List size="sm" mt="xs">
          {findings.map((finding) => (
            <List.Item key={`${finding.check}: ${finding.seen}`}>
              {finding.check}: <Said>{finding.seen}</Said>
            </List.Item>
          ))}
        </List>
      )}
      {onRetry !== undefined && (
        <Button size="xs" variant="default" mt="sm" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}
