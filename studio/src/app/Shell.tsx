import { ActionIcon, AppShell, Burger, Group, NavLink, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Boxes, CircleHelp, House, ListChecks, Settings } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { Link, useLocation } from "react-router";

import { HelpDialog } from "./HelpDialog";
import { Mark } from "./Mark";
import { SchemeMenu } from "./SchemeMenu";
import { useDocumentTitle } from "./useDocumentTitle";
import { ServerBanner } from "./ServerBanner";
import { useShortcuts } from "./useShortcuts";
import { Bell } from "@/features/bell/Bell";

const PLACES = [
  { to: "/", label: "Home", icon: House },
  { to: "/jobs", label: "Jobs", icon: ListChecks },
  { to: "/projects", label: "Projects", icon: Boxes },
  { to: "/settings", label: "Settings", icon: Settings },
] as const;

/** What surrounds every page: navigation, theme, help, and whether the server answers. */
export function Shell({ children }: { children: ReactNode }) {
  const [isNavOpen, nav] = useDisclosure(false);
  const [isHelpOpen, help] = useDisclosure(false);
  const { pathname } = useLocation();
  useShortcuts(help.toggle);
  useDocumentTitle();
  useEffect(() => nav.close(), [pathname, nav]);
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 184, breakpoint: "sm", collapsed: { mobile: !isNavOpen } }}
      padding="md"
    >
      <a className="studio-skip" href="#main" onClick={focusMain}>
        Skip to the page
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger
              opened={isNavOpen}
              onClick={nav.toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={isNavOpen ? "Close navigation" : "Open navigation"}
            />
            <Link to="/" className="studio-brand" aria-label="BrewSLM, Home">
              <Mark />
              <Text component="span" fw={700} size="lg">
                BrewSLM
              </Text>
            </Link>
          </Group>
          <Group gap={4} wrap="nowrap">
            <Bell />
            <SchemeMenu />
            <Tooltip label="Help and keys (?)">
              <ActionIcon variant="subtle" color="gray" size="lg" onClick={help.open} aria-label="Help and keys">
                <CircleHelp size={18} />
              </ActionIcon>
            </Tooltip>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Main">
        {PLACES.map(({ to, label, icon: Icon }) => (
          <NavLink
            key={to}
            component={Link}
            to={to}
            label={label}
            leftSection={<Icon size={16} aria-hidden />}
            active={isIn(pathname, to)}
            aria-current={isIn(pathname, to) ? "page" : undefined}
          />
        ))}
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <ServerBanner />
        {children}
      </AppShell.Main>
      <HelpDialog isOpen={isHelpOpen} onClose={help.close} />
    </AppShell>
  );
}

function isIn(pathname: string, place: string): boolean {
  return place === "/" ? pathname === "/" : pathname === place || pathname.startsWith(`${place}/`);
}

function focusMain(event: React.MouseEvent): void {
  event.preventDefault(); // the hash is the route
  document.getElementById("main")?.focus();
}
