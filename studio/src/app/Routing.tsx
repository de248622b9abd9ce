import { Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Route, Routes, useLocation } from "react-router";

import { ErrorBoundary } from "./ErrorBoundary";
import { NotFoundPage } from "./NotFoundPage";
import { ProjectFrame } from "./ProjectFrame";

const JobsPage = lazy(() => import("@/features/jobs/JobsPage").then((room) => ({ default: room.JobsPage })));
const ProjectsPage = lazy(() =>
  import("@/features/projects/ProjectsPage").then((room) => ({ default: room.ProjectsPage })),
);
const ProjectPage = lazy(() =>
  import("@/features/projects/ProjectPage").then((room) => ({ default: room.ProjectPage })),
);
const SettingsPage = lazy(() =>
  import("@/features/settings/SettingsPage").then((room) => ({ default: room.SettingsPage })),
);
const ExperimentsPage = lazy(() =>
  import("@/features/experiments/ExperimentsPage").then((room) => ({ default: room.ExperimentsPage })),
);
const EvaluatePage = lazy(() =>
  import("@/features/evaluate/EvaluatePage").then((room) => ({ default: room.EvaluatePage })),
);
const ReleasePage = lazy(() =>
  import("@/features/release/ReleasePage").then((room) => ({ default: room.ReleasePage })),
);
const PlaygroundPage = lazy(() =>
  import("@/features/playground/PlaygroundPage").then((room) => ({ default: room.PlaygroundPage })),
);
const ActivityPage = lazy(() =>
  import("@/features/activity/ActivityPage").then((room) => ({ default: room.ActivityPage })),
);
const HomePage = lazy(() => import("./HomePage").then((room) => ({ default: room.HomePage })));
const DataPage = lazy(() => import("@/features/data/DataPage").then((room) => ({ default: room.DataPage })));
const PreflightPage = lazy(() =>
  import("@/features/preflight/PreflightPage").then((room) => ({ default: room.PreflightPage })),
);
const TrainingPage = lazy(() =>
  import("@/features/training/TrainingPage").then((room) => ({ default: room.TrainingPage })),
);
const JobPage = lazy(() => import("@/features/job/JobPage").then((room) => ({ default: room.JobPage })));

/** Which page belongs to which address. */
export function Routing() {
  const { pathname } = useLocation();
  return (
    <ErrorBoundary key={pathname}>
      <Suspense fallback={<Skeleton height={28} width={220} role="status" aria-label="Loading" />}>
        <Routes>
          <Route index element={<HomePage />} />
          <Route path="jobs" element={<JobsPage />} />
          <Route path="jobs/:jobId" element={<JobPage />} />
          <Route path="projects" element={<ProjectsPage />} />
          <Route path="projects/:projectId" element={<ProjectFrame />}>
            <Route index element={<ProjectPage />} />
            <Route path="data" element={<DataPage />} />
            <Route path="preflight" element={<PreflightPage />} />
            <Route path="training" element={<TrainingPage />} />
            <Route path="experiments" element={<ExperimentsPage />} />
            <Route path="evaluate" element={<EvaluatePage />} />
            <Route path="release" element={<ReleasePage />} />
            <Route path="playground" element={<PlaygroundPage />} />
            <Route path="activity" element={<ActivityPage />} />
          </Route>
          <Route path="settings" element={<SettingsPage />} />
          <Route path="*" element={<NotFoundPage />} />
        </Routes>
      </Suspense>
    </ErrorBoundary>
  );
}
