import { Box } from "@mantine/core";
import { useLayoutEffect, useRef } from "react";

/** Within so many pixels of the end the reader is taken to be at it. */
const NEAR_PX = 24;

/** Text that grows. It follows the end, unless the reader has scrolled up. */
export function OutputBox({ text, label }: { text: string; label: string }) {
  const box = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (box.current !== null && isAtEnd.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [text]);
  return (
    <Box
      component="pre"
      ref={box}
      className="studio-output"
      role="log"
      aria-label={label}
      tabIndex={0}
      onScroll={({ currentTarget }) => {
        const rest = currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight;
        isAtEnd.current = rest < NEAR_PX;
      }}
    >
      {text}
    </Box>
  );
}
