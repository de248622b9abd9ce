import type { ReactNode } from "react";

type FactListProps = { facts: readonly (readonly [string, ReactNode])[] };

/** Names and what they are, below each other. */
export function FactList({ facts }: FactListProps) {
  return (
    <dl className="studio-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
