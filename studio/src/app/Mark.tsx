/** The mark: a loss that falls below its dashed baseline. */
export function Mark() {
  return (
    <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#087f5b" />
      <path d="M6 9c4 11 8 13 20 14" fill="none" stroke="#fff" strokeWidth="3" strokeLinecap="round" />
      <path d="M6 24h20" stroke="#fff" strokeOpacity=".45" strokeWidth="2" strokeDasharray="2 4" />
    </svg>
  );
}
