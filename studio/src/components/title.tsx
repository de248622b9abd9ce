import { createContext, type ReactNode, use, useEffect, useState } from "react";

type Title = { title: string; setTitle: (title: string) => void };

const TitleContext = createContext<Title>({ title: "", setTitle: () => undefined });

/** Keep the title of the page that is open, so that the shell can add to it what is running. */
export function TitleProvider({ children }: { children: ReactNode }) {
  const [title, setTitle] = useState("");
  return <TitleContext value={{ title, setTitle }}>{children}</TitleContext>;
}

/** The title of the page that is open. */
export function useTitle(): string {
  return use(TitleContext).title;
}

/** Say how the page that is open is called. */
export function useNamed(title: string): void {
  const { setTitle } = use(TitleContext);
  useEffect(() => setTitle(title), [title, setTitle]);
}
