import { Anchor, Code, Text } from "@mantine/core";
import { Link, useLocation } from "react-router";

import { Page } from "@/components/Page";

/** There is no page at this address. */
export function NotFoundPage() {
  const { pathname } = useLocation();
  return (
    <Page title="There is nothing here">
      <Text size="sm">
        No page is called <Code>{pathname}</Code>. Go to{" "}
        <Anchor component={Link} to="/" underline="always">
          Home
        </Anchor>
        .
      </Text>
    </Page>
  );
}
