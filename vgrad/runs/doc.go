// Package runs keeps what was recorded: it appends the samples of a training as they
// come, and gives them back as the source of figures and findings.
//
// A store is a folder with a folder a run. A run is found by its experiment: training
// one that is recorded loads it in milliseconds.
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
// It is named <label>-seed<seed>-<first 12 digits of the experiment's hash> and holds
//
//	experiment.json  the experiment, its defaults written out
//	run.json         status, format version and provenance
//	samples.bin      the samples; see below
//
// The run is finished when run.json says so and samples.bin is as long as it says.
// An attempt that was killed is unfinished; when the experiment is trained again it is
// moved aside to <name>.unfinished, where it stays readable until the new run finishes.
//
// # What survives what
//
// Each Put is one write of whole records, appended: a process that is killed loses
// nothing it has put. Nothing is forced to the disk until Finish, which syncs
// samples.bin, then replaces run.json atomically; after a power failure an
// unfinished run may lack its last seconds, a finished one nothing. A tail that is half
// written is recognised, dropped and told in [Run.Truncated]; a record that is damaged
// anywhere else is an error that names the file and the byte.
//
// # Several processes
//
// While a run is written its process holds a lock (flock; LockFileEx on Windows) that
// vanishes with the process. Another that wants to write the same experiment is told
// who does, [ErrLocked], and can [Store.Wait]. Runs of different experiments do not
// concern each other; neither does reading, so a run still going can be drawn. On a
// shared folder this needs a file system that locks between machines, as NFS does; where
// there is none, each machine keeps a store of its own and [Store.Merge] joins them.
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
// A payload starts with its kind. Kind 1 defines a column set, numbered from 0 in the
// order of definition: JSON, {"kind": "float32", "float64" or "histogram", "columns":
// [{"site": …, "quantity": …}, …]}. Kind 2 is a row: uvarint number of the set, uvarint
// step, then for each column a float32, a float64, or a histogram as its non-empty raw
// bins ([vgrad.Histogram.Raw]): uvarint how many, then for each, ascending, uvarint
// difference to the bin before (the first: to 0) and uvarint count. Rows stand in step
// order. Values are kept as float64 only where float32 would change one.
package runs
