import { Kbd, TextInput } from "@mantine/core";
import { Search } from "lucide-react";

/** The id by which `/` finds the search of the page that is open. */
export const SEARCH_ID = "page-search";

type SearchFieldProps = { label: string; value: string; onChange: (value: string) => void };

/** The one search field of a page; `/` puts the cursor into it. */
export function SearchField({ label, value, onChange }: SearchFieldProps) {
  return (
    <TextInput
      id={SEARCH_ID}
      type="search"
      aria-label={label}
      placeholder={label}
      value={value}
      leftSection={<Search size={14} aria-hidden />}
      rightSection={<Kbd size="xs">/</Kbd>}
      onChange={(event) => onChange(event.currentTarget.value)}
      onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
    />
  );
}
