import { Tabs } from "@mantine/core";
import { useParams, useSearchParams } from "react-router";

import { CleaningTab } from "./CleaningTab";
import { HealthTab } from "./HealthTab";
import { ImportTab } from "./ImportTab";
import { RejectionsTab } from "./RejectionsTab";
import { RowsTab } from "./RowsTab";
import { SplitsTab } from "./SplitsTab";
import { XrayTab } from "./XrayTab";
import { Page } from "@/components/Page";
import { idOf } from "@/lib/ids";

const TABS = [
  { value: "import", title: "Import", Tab: ImportTab },
  { value: "health", title: "Health", Tab: HealthTab },
  { value: "rows", title: "Rows", Tab: RowsTab },
  { value: "rejections", title: "Rejections", Tab: RejectionsTab },
  { value: "cleaning", title: "Cleaning", Tab: CleaningTab },
  { value: "splits", title: "Splits and leaks", Tab: SplitsTab },
  { value: "xray", title: "Mask X-ray", Tab: XrayTab },
] as const;

/** A project's data, from the source to the tokens that are trained. */
export function DataPage() {
  const projectId = idOf(useParams().projectId) ?? 0;
  const [params, setParams] = useSearchParams();
  const open = TABS.find(({ value }) => value === params.get("tab"))?.value ?? "import";
  return (
    <Page title="Data" lead="From a source to the tokens that are trained; every row is accounted for.">
      <Tabs value={open} onChange={(tab) => tab !== null && setParams({ tab })} keepMounted={false}>
        <Tabs.List mb="md" aria-label="Parts of this page">
          {TABS.map(({ value, title }) => (
            <Tabs.Tab key={value} value={value}>
              {title}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TABS.map(({ value, Tab }) => (
          <Tabs.Panel key={value} value={value}>
            <Tab projectId={projectId} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
