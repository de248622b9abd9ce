import { QueryClient } from "@tanstack/react-query";

import { ApiError } from "@/api";

/** How often a question is asked again that got no answer. What the server has answered is not asked again. */
const MAX_RETRIES = 1;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      networkMode: "always", // the server is this machine, whether or not there is a network
      retry: (count, error) => count < MAX_RETRIES && (!(error instanceof ApiError) || error.isUnreachable),
    },
    mutations: { networkMode: "always" },
  },
});
