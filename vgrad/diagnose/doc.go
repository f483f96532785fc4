// Package diagnose says in plain words what is wrong with a training, at which
// site, and how it knows.
//
// It stands between runs and whoever shows something of them:
//
//	run store → diagnose → cell, page
//
// A [Rule] looks at what was recorded, a [Training], and gives a [Sighting] where
// it fires. [Of] turns that into a [Report] of four lists, and each rule is in
// exactly one of them:
//
//   - Findings: what goes wrong, with the site, the step, the numbers, the rule's
//     threshold and its source, and what to change.
//   - Notes: what would be a finding if the network did not learn all the same.
//   - Silent: rules that looked and found nothing.
//   - Unjudged: rules that could not look, and why. It is no all-clear.
//
// For example
//
//	fmt.Println(diagnose.Of(run))
//
// To add a rule, add a file with the rule and its line in [Rules]. A rule from
// elsewhere is handed to [Judge].
//
// # What is told as wrong does harm
//
// Vanishing signals, dead and saturated units, and updates of odd sizes are found in
// networks that learn well, too. So those rules ask for the [Outcome]: where the
// network has learned, what they see is a note. A NaN, a loss that explodes, a loss
// that does not fall and a weight that never gets a gradient are always findings.
//
// # Sites
//
// Rules address sites by what the model declares of them: role, layer, time step,
// activation, frozen or not. They count no variables and do not ask the experiment.
// Runs recorded before there were roles are completed in one place, older.go.
package diagnose
