import { Alert, Button, Code, Text } from "@mantine/core";
import { Component, type ReactNode } from "react";

type State = { error: Error | null };

/** Keeps a mistake in one page from taking the others along. */
export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) {
      return this.props.children;
    }
    return (
      <Alert color="red" variant="outline" title="This page has a mistake" role="alert">
        <Text size="sm" mb="xs">
          It is a mistake of the Studio. What runs goes on, and other pages work.
        </Text>
        <Code block>{error.message}</Code>
        <Button size="xs" variant="default" mt="sm" onClick={() => window.location.reload()}>
          Load the page anew
        </Button>
      </Alert>
    );
  }
}
