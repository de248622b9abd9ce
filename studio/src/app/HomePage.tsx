import { SimpleGrid } from "@mantine/core";

import { Page } from "@/components/Page";
import { RecentJobs } from "@/features/jobs/RecentJobs";
import { RunTraining } from "@/features/training/RunTraining";

/** Run training at the left, the jobs at the right. */
export function HomePage() {
  return (
    <Page title="Home">
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <RunTraining />
        <RecentJobs />
      </SimpleGrid>
    </Page>
  );
}
