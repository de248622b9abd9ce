import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@/app/studio.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Studio } from "@/app/Studio";

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <Studio />
    </StrictMode>,
  );
}
