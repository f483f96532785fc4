// Package diagnose says in plain words what is wrong with a training, at which
// layer, and how it knows.
//
// It stands between runs and whoever shows something of them:
//
//	run store → diagnose → cell, page
//
// Each file but this one and diagnose.go is a rule. A rule looks at what was
// recorded and, where it fires, gives a [Finding]: the rule's threshold and its
// source, the layer and the step, the numbers, and what to change. What a rule
// cannot judge, because what it needs was not recorded, is told too: that nothing
// was found is then no all-clear. To add a rule, add a file and its line in rules.
//
//	fmt.Println(diagnose.Of(run))
package diagnose
