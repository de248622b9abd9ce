import { ActionIcon, Anchor, Button, Group, Indicator, Popover, ScrollArea, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Bell as BellIcon } from "lucide-react";
import { Link } from "react-router";

import { placeOf, SEVERITY_COLORS } from "./places";
import { useAnnouncements } from "./useAnnouncements";
import { answer, http, type Notification, notificationsKey, notificationsQuery, type ReadRequest } from "@/api";
import { EmptyState } from "@/components/EmptyState";
import { QueryView } from "@/components/QueryView";
import { RelativeTime } from "@/components/RelativeTime";

const NUM_SHOWN = 30;

/** What somebody should know, with how much of it nobody has read. New ones are also shown as they come. */
export function Bell() {
  const notifications = useQuery(notificationsQuery(NUM_SHOWN));
  const [isOpen, panel] = useDisclosure(false);
  const client = useQueryClient();
  const read = useMutation({
    mutationFn: (body: ReadRequest) => answer(http.POST("/api/notifications/read", { body })),
    onSettled: () => client.invalidateQueries({ queryKey: notificationsKey }),
  });
  useAnnouncements(notifications.data?.notifications);
  const numUnread = notifications.data?.num_unread ?? 0;
  const newest = notifications.data?.notifications[0]?.id ?? 0;
  return (
    <Popover opened={isOpen} onChange={(open) => !open && panel.close()} position="bottom-end" width={360} trapFocus>
      <Indicator disabled={numUnread === 0} label={numUnread > 99 ? "99+" : numUnread} size={16} offset={6}>
        <Popover.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            onClick={panel.toggle}
            aria-label={`Notifications, ${numUnread} unread`}
          >
            <BellIcon size={18} />
          </ActionIcon>
        </Popover.Target>
      </Indicator>
      <Popover.Dropdown maw="calc(100vw - 1rem)" aria-label="Notifications">
        <Group justify="space-between" mb="xs">
          <Text fw={600}>Notifications</Text>
          <Button
            size="compact-xs"
            variant="default"
            disabled={numUnread === 0}
            onClick={() => read.mutate({ ids: [], up_to_id: newest })}
          >
            Mark all as read
          </Button>
        </Group>
        <QueryView
          query={notifications}
          isEmpty={(page) => page.notifications.length === 0}
          empty={<EmptyState title="Nothing has happened that you should know." />}
        >
          {(page) => (
            <ScrollArea.Autosize mah={420} viewportProps={{ tabIndex: 0 }}>
              <Stack component="ul" gap={0} m={0} p={0} className="studio-list">
                {page.notifications.map((one) => (
                  <Row
                    key={one.id}
                    notification={one}
                    onOpen={() => {
                      read.mutate({ ids: [one.id], up_to_id: 0 });
                      panel.close();
                    }}
                  />
                ))}
              </Stack>
            </ScrollArea.Autosize>
          )}
        </QueryView>
      </Popover.Dropdown>
    </Popover>
  );
}

function Row({ notification, onOpen }: { notification: Notification; onOpen: () => void }) {
  const isUnread = notification.read_at === null;
  return (
    <li className="studio-row" data-unread={isUnread}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Anchor
          component={Link}
          to={placeOf(notification)}
          onClick={onOpen}
          size="sm"
          fw={isUnread ? 700 : 400}
          c={SEVERITY_COLORS[notification.severity]}
        >
          {notification.title}
          {isUnread && <span className="studio-hidden">, unread</span>}
        </Anchor>
        <Text size="xs" c="dimmed" className="studio-nowrap">
          <RelativeTime at={notification.created_at} />
        </Text>
      </Group>
      <Text size="xs" className="studio-wrap">
        {notification.line}
      </Text>
    </li>
  );
}
