import { Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Route, Routes, useLocation } from "react-router";

import { ErrorBoundary } from "./ErrorBoundary";
import { NotFoundPage } from "./NotFoundPage";
import { PLANNED, PROJECT_PLANNED } from "./planned";
import { ProjectFrame } from "./ProjectFrame";
import { PlannedPage } from "@/components/PlannedPage";

const HomePage = lazy(() => import("./HomePage").then((room) => ({ default: room.HomePage })));

/** Which page belongs to which address. */
export function Routing() {
  const { pathname } = useLocation();
  return (
    <ErrorBoundary key={pathname}>
      <Suspense fallback={<Skeleton height={28} width={220} role="status" aria-label="Loading" />}>
        <Routes>
          <Route index element={<HomePage />} />
          <Route path="jobs" element={<PlannedPage {...PLANNED.jobs} />} />
          <Route path="jobs/:jobId" element={<PlannedPage {...PLANNED.job} />} />
          <Route path="projects" element={<PlannedPage {...PLANNED.projects} />} />
          <Route path="projects/:projectId" element={<ProjectFrame />}>
            <Route index element={<PlannedPage {...PLANNED.project} />} />
            {PROJECT_PLANNED.map(({ path, ...page }) => (
              <Route key={path} path={path} element={<PlannedPage {...page} />} />
            ))}
          </Route>
          <Route path="settings" element={<PlannedPage {...PLANNED.settings} />} />
          <Route path="*" element={<NotFoundPage />} />
        </Routes>
      </Suspense>
    </ErrorBoundary>
  );
}
