package session

func (s *Session) translateGoNB(number int, code string) *Program {
	return &Program{Source: code, number: number}
}
