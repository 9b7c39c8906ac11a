// Everything is here: the page begins with the first step of its tale, at rest.

const most = Math.max(...Array.from({ length: LOOKS }, (_, look) => audience(look).here));
byId('about').textContent = `Up to ${most} people watch one broadcast of ${rate(run.stream_kbps)} for ${run.seconds} seconds. Simulated with the code that ships (scenario ${run.name.replaceAll('-', '\u2011')}, seed ${run.seed}).`;
addLanes();
drawStrip();
addMarks();
new ResizeObserver(() => { measure(); redraw(); wake(); }).observe(stage);
measure();
tellStep(0);
play(!calm.matches);
