import { Alert, Button, Skeleton, Stack, Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { ErrorNotice } from "./ErrorNotice";
import { RelativeTime } from "./RelativeTime";
import { Said } from "@/components/Said";

type QueryViewProps<T> = {
  query: UseQueryResult<T>;
  children: (data: T) => ReactNode;
  /** Whether there is nothing to show. */
  isEmpty?: (data: T) => boolean;
  /** What is shown then. */
  empty?: ReactNode;
  /** How many grey lines stand for what is still being read. */
  lines?: number;
};

/** What a question to the server has come to: still loading, an error, nothing, what was known before, or the answer. */
export function QueryView<T>({ query, children, isEmpty, empty, lines = 4 }: QueryViewProps<T>) {
  const retry = () => void query.refetch();
  if (query.data === undefined) {
    return query.error === null ? <Loading lines={lines} /> : <ErrorNotice error={query.error} onRetry={retry} />;
  }
  return (
    <>
      {query.error !== null && <Stale error={query.error} at={query.dataUpdatedAt} onRetry={retry} />}
      {isEmpty?.(query.data) ? empty : children(query.data)}
    </>
  );
}

function Loading({ lines }: { lines: number }) {
  return (
    <Stack gap="xs" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} height={18} />
      ))}
    </Stack>
  );
}

function Stale({ error, at, onRetry }: { error: Error; at: number; onRetry: () => void }) {
  return (
    <Alert color="orange" variant="outline" mb="sm" p="xs" role="status">
      <Text size="sm">
        This is what was known <RelativeTime at={new Date(at).toISOString()} />. <Said>{error.message}</Said>{" "}
        <Button size="compact-xs" variant="default" onClick={onRetry}>
          Ask again
        </Button>
      </Text>
    </Alert>
  );
}
