import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { activeJobsQuery } from "@/api";
import { useTitle } from "@/components/title";
import { tabTitle } from "@/lib/tabTitle";

/** Keep the tab's title: the page, and before it how far what is running has come. */
export function useDocumentTitle(): void {
  const title = useTitle();
  const { data } = useQuery(activeJobsQuery());
  const text = tabTitle(title, data?.active ?? []);
  useEffect(() => {
    document.title = text;
  }, [text]);
}
