package vgrad_test

import (
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// Only a cross-entropy is in nats, and the schema that is given stays as it is.
func TestSchemaWithLoss(t *testing.T) {
	s := vgrad.Schema{Infos: map[vgrad.Quantity]vgrad.Info{}}
	for _, q := range []vgrad.Quantity{vgrad.Loss, vgrad.RMSGrad} {
		s.Infos[q], _ = q.Info()
	}
	for name, want := range map[string]string{"cross_entropy": "nats", "mean_squared_error": ""} {
		got := s.WithLoss(name)
		if unit := got.Infos[vgrad.Loss].Unit; unit != want {
			t.Errorf("%s: the loss has the unit %q; want %q", name, unit, want)
		}
		if got.Infos[vgrad.RMSGrad] != s.Infos[vgrad.RMSGrad] || s.Infos[vgrad.Loss].Unit != "nats" {
			t.Errorf("%s: something else has changed", name)
		}
	}
}
