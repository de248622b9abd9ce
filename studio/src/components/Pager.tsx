import { Button, Group, Text } from "@mantine/core";

type PagerProps = {
  /** Such as `Page 2` or `26 to 50 of 80`. */
  label: string;
  onPrevious: (() => void) | null;
  onNext: (() => void) | null;
};

/** The way between the pages of a list; nothing where there is only one. */
export function Pager({ label, onPrevious, onNext }: PagerProps) {
  if (onPrevious === null && onNext === null) {
    return null;
  }
  return (
    <Group justify="space-between" mt="xs" gap="xs">
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Group gap="xs">
        <Button variant="default" size="xs" disabled={onPrevious === null} onClick={() => onPrevious?.()}>
          Previous
        </Button>
        <Button variant="default" size="xs" disabled={onNext === null} onClick={() => onNext?.()}>
          Next
        </Button>
      </Group>
    </Group>
  );
}
