import { useParams } from "react-router";

import { Audit } from "./Audit";
import { useChoice } from "./choice";
import { Events } from "./Events";
import { Failures } from "./Failures";
import { Search } from "./Search";
import { SupportBundle } from "./SupportBundle";
import { Timeline } from "./Timeline";
import { Page } from "@/components/Page";
import { idOf } from "@/lib/ids";

/** What has happened in a project, and whether the record of it is whole. */
export function ActivityPage() {
  const projectId = idOf(useParams().projectId) ?? 0;
  const choice = useChoice();
  return (
    <Page title="Activity" lead="What has happened here, what went wrong, and whether the record of it is whole.">
      <Search {...choice} />
      <Timeline projectId={projectId} query={choice.query} />
      <Events projectId={projectId} query={choice.query} />
      <Failures projectId={projectId} />
      <Audit />
      <SupportBundle />
    </Page>
  );
}
