import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { HashRouter } from "react-router";

import { LiveProvider } from "./LiveProvider";
import { STYLE_NONCE } from "./nonce";
import { queryClient } from "./queryClient";
import { Routing } from "./Routing";
import { Shell } from "./Shell";
import { cssVariables, theme } from "./theme";
import { TitleProvider } from "@/components/title";

/** The whole application. */
export function Studio() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => STYLE_NONCE}
    >
      <QueryClientProvider client={queryClient}>
        <Notifications position="bottom-right" limit={4} />
        <HashRouter>
          <TitleProvider>
            <LiveProvider>
              <Shell>
                <Routing />
              </Shell>
            </LiveProvider>
          </TitleProvider>
        </HashRouter>
      </QueryClientProvider>
    </MantineProvider>
  );
}
