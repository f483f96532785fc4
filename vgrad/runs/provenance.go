package runs

import (
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// Provenance says how and where a run was made. The store fills in a field that is left
// at its zero value, if it knows the value; the comment beside the field says so.
type Provenance struct {
	Backend     string `json:"backend,omitempty"`     // "xla" or "go"
	Description string `json:"description,omitempty"` // of the backend, in its own words
	DataSum     string `json:"data_sum,omitempty"`    // data.Set.Sum of the data set
	Seed        uint64 `json:"seed"`                  // the experiment's, always

	Started  time.Time `json:"started"`           // zero: when the run was created
	Finished time.Time `json:"finished,omitzero"` // zero: when Finish was called; stays zero until then
	Seconds  float64   `json:"seconds"`           // of training; zero: from Started to Finished
	// Together is how many runs were trained as lanes of one program. Seconds is this
	// run's share of the program's time. Zero: not recorded.
	Together int `json:"together,omitempty"`
	// Stepping is the part of Seconds in which the steps ran. The rest is compiling, drawing
	// the first weights, validation and recording. Zero: not recorded, as for a run that was
	// interrupted.
	Stepping float64 `json:"stepping,omitempty"`

	GoVersion string            `json:"go_version"`        // zero: this program's
	Modules   map[string]string `json:"modules,omitempty"` // versions by path; nil: this program's, where it knows them
	OS        string            `json:"os"`                // zero: this machine's
	Arch      string            `json:"arch"`              // zero: this machine's
	CPUs      int               `json:"cpus"`              // usable by the process; zero: this machine's
	Host      string            `json:"host,omitempty"`    // zero: this machine's name
}

// withHere fills in the fields that this process knows.
func (p Provenance) withHere(now time.Time) Provenance {
	host, _ := os.Hostname() // a machine without a name has none
	return p.or(Provenance{
		Started: now, GoVersion: runtime.Version(), Modules: modules(),
		OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.GOMAXPROCS(0), Host: host,
	})
}

// or returns p with its zero fields taken from q.
func (p Provenance) or(q Provenance) Provenance {
	take(&p.Backend, q.Backend)
	take(&p.Description, q.Description)
	take(&p.DataSum, q.DataSum)
	take(&p.Seed, q.Seed)
	take(&p.Started, q.Started)
	take(&p.Finished, q.Finished)
	take(&p.Seconds, q.Seconds)
	take(&p.Together, q.Together)
	take(&p.Stepping, q.Stepping)
	take(&p.GoVersion, q.GoVersion)
	take(&p.OS, q.OS)
	take(&p.Arch, q.Arch)
	take(&p.CPUs, q.CPUs)
	take(&p.Host, q.Host)
	if p.Modules == nil {
		p.Modules = q.Modules
	}
	return p
}

func take[T comparable](field *T, other T) {
	var zero T
	if *field == zero {
		*field = other
	}
}

// mainModule is the path of the program's own module, "" where it does not know it.
func mainModule() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return ""
	}
	return info.Main.Path
}

// modules lists the versions of what the program is built from, itself included.
func modules() map[string]string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	versions := map[string]string{info.Main.Path: info.Main.Version}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		versions[m.Path] = m.Version
	}
	return versions
}
