// Package table writes the samples of runs as tables that other programs read: CSV, JSON
// Lines and Parquet. It stands at the end of the flow, beside the figures:
//
//	run store, event files → table → pandas, polars, DuckDB
//
// A table has one row a scalar, and one row a bin of a histogram:
//
//	run         name of the run
//	label       its name in figures
//	seed        of the experiment; empty for runs without one
//	quantity    such as mean_abs_grad
//	step        of training
//	layer       from 1 in forward order; 0: the whole network, or no layer
//	time        of an unrolled layer, from 1; 0: there is none
//	site        path of the site, "/": the whole network
//	role        of the site, such as kernel; empty: not known
//	value       of a scalar; empty for a bin
//	low, high   edges of a bin; zeros have 0 and 0, infinities ±inf, NaN has NaN; empty for a scalar
//	count       of values in the bin; empty for a scalar
//
// After them come the fields in which the experiments of the runs differ, one column a
// field. So a sweep can be grouped by them:
//
//	file, err := os.Create("sweep.parquet")
//	err = table.Write(file, table.Parquet, runs...)
//
//	pandas.read_parquet("sweep.parquet").query("quantity == 'mean_abs_grad'").groupby(["depth", "layer"]).value.median()
//
// Parquet keeps every bit and the types. In CSV a number is in the shortest form that reads
// back the same, NaN and inf included. JSON has neither: there the value is null, and
// "special" says "NaN", "inf" or "-inf".
//
// In Go, [Samples] iterates over all samples of a run.
package table
