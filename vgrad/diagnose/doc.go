// Package diagnose says in plain words what is wrong with a training, at which site, and
// on what evidence.
//
// It reads runs, and cells and pages show its reports:
//
//	run store → diagnose → cell, page
//
// A [Rule] looks at the recorded samples, a [Training], and returns a [Sighting] for
// everything that is wrong. [Of] applies all rules and returns a [Report] of four lists.
// Each rule is in exactly one of them:
//
//   - Findings: what is wrong, with the site, the step, the numbers, the rule's threshold
//     and its source, and what to change.
//   - Notes: what would be a finding if the network had not learned.
//   - Silent: rules that looked and found nothing.
//   - Unjudged: rules that could not look, with the reason. They may have missed a fault.
//
// For example
//
//	fmt.Println(diagnose.Of(run))
//
// To add a rule, add a file with the rule and its line in [Rules]. Pass a rule of another
// package to [Judge].
//
// # Findings and notes
//
// Networks that learn well may also have vanishing signals, dead or saturated units, and
// very large or small updates. So those rules depend on the [Outcome]: if the network has
// learned, they give a note. A NaN, a loss that explodes, a loss that does not fall and a
// weight that never gets a gradient are always findings.
//
// # Sites
//
// Rules select sites by what the model declares of them: role, layer, time step,
// activation, frozen or not. They do not count variables, and they do not read the
// experiment. The file older.go completes the sites of runs that were recorded without
// roles.
package diagnose
