// Package runs stores the samples of trainings. It appends them as they are measured and
// reads them back as a [vgrad.Source] for figures and findings.
//
// A store is a folder that holds one folder for each run. A run is found by its
// experiment, so an experiment that is recorded is not trained again: its run is loaded
// in milliseconds.
//
//	store, err := runs.Open("")                  // where the user's runs are
//	run, err := store.Load(exp)                  // errors.Is(err, runs.ErrNotRecorded): train it
//	w, err := store.Create(exp, runs.Provenance{Backend: "xla"})
//	defer w.Close()                              // unfinished unless Finish was called
//	err = w.Put(step, samples)                   // w is a vgrad.Sink
//	err = w.Finish(runs.Provenance{})
//
// # The folder of a run
//
// Its name is <label>-seed<seed>-<first 12 digits of the experiment's hash>. It holds
//
//	experiment.json  the experiment, its defaults written out
//	run.json         status, format version and provenance
//	samples.bin      the samples; see below
//	checkpoint.bin   while the run is unfinished, the state of its training; see below
//
// The run is finished when run.json says so and samples.bin has the length given there.
// A run whose process was killed stays unfinished. If it has a checkpoint,
// [Store.Continue] opens it to go on from there. If its experiment is trained from step 0
// instead, it is moved aside to <name>.unfinished, without its checkpoint, where it stays
// readable until the new run finishes.
//
// # Crashes and power failures
//
// Each Put appends whole records in one write, so a process that is killed loses nothing
// that it has put. Only Finish forces the samples to the disk: it syncs samples.bin and
// then replaces run.json atomically. After a power failure an unfinished run may lack its
// last seconds; a finished run lacks nothing. A half-written record at the end is dropped
// and reported in [Run.Truncated]. A record that is damaged anywhere else is an error
// that names the file and the byte.
//
// # Several processes
//
// The process that writes a run holds a lock (flock; LockFileEx on Windows). The lock
// vanishes with the process. A second process that wants to write the same experiment
// gets a [LockedError], which is [ErrLocked] and names the first, and can call
// [Store.Wait]. Runs of different experiments are independent. Reading a run takes no
// lock, so a run can be drawn while it is written.
//
// A store in a shared folder needs a file system that locks between machines, as NFS
// does. Otherwise give each machine a store of its own and join them with [Store.Merge].
//
// # samples.bin
//
// All integers are little-endian. The file starts with "vgradsmp" and the format
// version, a uint32. Then come records, each framed as
//
//	uint32 length of the payload
//	uint32 the same, all bits inverted
//	uint32 CRC-32C of the payload
//	payload
//
// A payload starts with its kind, one byte:
//
//   - Kind 1 defines a column set. Sets are numbered from 0 in the order of definition.
//     It is JSON: {"kind": "float32", "float64", "histogram" or "bins", "columns": [{"at":
//     …, "quantity": …}, …]}. "at" is an index into the sites of the schema before it; -1
//     is the whole network. Format 1 has no schemas and writes out the "site" instead.
//   - Kind 2 is a row: uvarint number of the set, uvarint step, then one value for each
//     column, a float32, a float64 or a histogram. Rows stand in step order. Values are
//     kept as float64 only if float32 would change one of the row.
//   - Kind 3 is a schema: JSON, {"sites": […], "infos": {…}}.
//
// A histogram is a list of its non-empty raw bins ([vgrad.Histogram.Raw]) in ascending
// order: uvarint number of bins, then for each a uvarint difference to the bin before
// (for the first, to 0) and a uvarint count.
//
// Histograms of imported logs have bins of their own, of the kind "bins": uvarint number of
// bins, for each its low and high edge as float64 and a uvarint count; then four uvarints,
// the zeros, the NaN, +Inf and -Inf. Earlier programs say that this kind is unknown.
//
// # checkpoint.bin
//
// A checkpoint is replaced in one step: it is written as checkpoint.new, forced to the disk
// after the samples, and renamed. So after a kill or a power failure the file is the old
// checkpoint or the new one. It holds the length and the checksum of the samples that were
// recorded before its step, and is refused where the run's samples do not begin with
// these. What was recorded after them is cut off when the run goes on, so a finished run
// has each step once. The file goes when the run finishes or is recorded anew.
//
// The runs of lanes of one program have one checkpoint, in the folder of the first lane.
// The others cannot go on without it. All integers are little-endian:
//
//	"vgradckp"
//	uint32 format version, 1
//	uint32 length of the head
//	uint32 CRC-32C of the head
//	head: the JSON of a [Checkpoint]: step, lanes with the experiment and the mark of each,
//	      and the provenance with backend, sum of the data, and versions
//	uint64 length of the state
//	state, as the trainer encoded it
//	uint32 CRC-32C of everything before it
package runs
