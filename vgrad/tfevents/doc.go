// Package tfevents reads and writes the event files of TensorBoard. It stands beside the
// run store:
//
//	network → samples → run store, event files → findings, figures
//
// # Writing
//
// A [Writer] is a [vgrad.Sink], so a run can be written while it trains. Its tags are the
// article's or the laboratory's, see [Tags]:
//
//	w, err := tfevents.Create("logs/sigmoid", tfevents.Options{Experiment: &exp})
//	err = w.Put(step, rows)
//	err = w.Close()
//
// Scalars are float32, because TensorBoard's page reads no other type. A number too small
// or too large for float32 becomes the nearest one that is neither zero nor infinite, so
// a written gradient never looks as if it had vanished.
//
// A histogram has the edges of [vgrad.Histogram], which float32 represents exactly. Values
// that are not finite have no place in TensorBoard's histograms. They are counted by the
// scalars <tag>/NaN, <tag>/+Inf and <tag>/-Inf, which are written where there are any.
//
// # Reading
//
// [Open] reads a folder of logs without copying them. Each [Run] is a [vgrad.Source], so
// figures, comparisons and findings work on it:
//
//	log, err := tfevents.Open("logs")
//	fig, err := chart.MeanGradient(append(ours, log.Sources()...), 1)
//
// It reads what TensorFlow 1 and 2, PyTorch, tensorboardX, clu and Lightning write: scalars
// and histograms, as simple_value, as HistogramProto, and as tensors.
//
// Each tag is a quantity of the whole network that has the tag's name. Besides, the tags
// of the article and of this package are quantities of the laboratory at the sites of
// layers; see [Rules].
//
// # As TensorBoard shows it
//
// A folder with event files is a run. Its files are read in the order of their names. If a
// step is not above the one before it, the values of that tag from this step on are
// replaced, as after a restart from a checkpoint. No step is left out: TensorBoard's page
// keeps a random sample of each tag, and may lose step 0.
//
// An event at the end of a file that is not complete is being written, and is left for
// [Log.Refresh]. Damage is a [DamageError] that names the file and the byte; what stands
// before it is kept.
//
// # The format
//
// A record is
//
//	uint64 length of the data
//	uint32 masked CRC-32C of these eight bytes
//	data, a protocol buffer of type Event
//	uint32 masked CRC-32C of the data
//
// in little-endian order. The files of this package also have a value with the tag
// "vgrad/schema". It says in JSON at which site and of what quantity each tag is, so
// nothing is lost when the log is read again.
package tfevents
