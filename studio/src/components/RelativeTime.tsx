import { useNow } from "./useNow";
import { formatAgo, formatMoment } from "@/lib/time";

/** How long ago something was; the exact time in its title. */
export function RelativeTime({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={formatMoment(at)}>
      {formatAgo(at, now)}
    </time>
  );
}
